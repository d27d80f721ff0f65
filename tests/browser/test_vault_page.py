"""The Vault in a browser: it finds what the terminal finds, counts right, asks nobody, and acts on nothing."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gallery
import pytest
from browser import axe
from factory import chain, question, release, sample, write_folder
from playwright.sync_api import Browser, Page, expect
from test_cards import CONTRASTS, READABLE

from staffml_anki import data
from staffml_anki.cards.note import chain_title
from staffml_anki.cards.notetype import load_templates
from staffml_anki.pages.browse import vault_page
from staffml_anki.vault import Vault, load_vault
from staffml_anki.vault.search import search
from staffml_anki.vault.select import Selection

QUERIES = (
    "cache", "kv cach", "memory bandwidth", "the", "a", "t", "latency budget", "4096", "4,096", "3.35", "größe", "GROSSE",
    "step", "70b", "gpu", "batch decode", "140 gb", "l6", "w", "no such thing at all", "140 נדרש", "μs", "10", "x y z",
)  # fmt: skip


def page_of(vault: Vault, folder: Path) -> Path:
    path = folder / "vault.html"
    path.write_text(vault_page(vault, load_templates()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def starter() -> Vault:
    return load_vault(data.VAULT)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """The gallery and the sample in one."""
    (questions, chains), (more, more_chains) = gallery.gallery(), sample()
    folder = tmp_path_factory.mktemp("odd")
    return load_vault(write_folder(folder, [*questions, *more], [*chains, *more_chains], release()))


@pytest.fixture(scope="module")
def pages(starter: Vault, odd: Vault, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {"starter": starter, "odd": odd}
    return {name: page_of(vault, tmp_path_factory.mktemp(name)) for name, vault in made.items()}


class Reader:
    """A page with its complaints and requests."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.uri = page, path.as_uri()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    def open(self, address: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(self.uri + address)
        self.page.wait_for_selector("html[data-ready]")

    def search(self, query: str) -> list[str]:
        """Type a query; the ids of all rows, in order."""
        self.page.evaluate(
            "window.settled = new Promise(done => document.addEventListener('settled', done, {once: true})); 0"
        )
        self.page.fill("#query", query)
        self.page.evaluate("settled.then(() => 0)")
        return self.rows()

    def rows(self) -> list[str]:
        """Every result, also those below what has been drawn yet."""
        found: list[str] = self.page.evaluate("found.map(number => about.ids[number])")
        drawn = self.page.locator("#rows a").evaluate_all(
            "all => all.map(one => decodeURIComponent(one.hash.slice(1)))"
        )
        assert drawn == found[: len(drawn)]
        assert len(drawn) >= min(len(found), 12)
        return found

    def count(self) -> int:
        return int(self.page.locator("#found b").inner_text().replace(",", ""))

    def counts(self, facet: str) -> dict[str, int]:
        found: dict[str, int] = self.page.locator(f'.facet input[name="{facet}"]').evaluate_all(
            "all => Object.fromEntries(all.map(one => [one.value, +one.parentElement.lastElementChild.textContent.replace(',', '')]))"
        )
        return found


@pytest.fixture
def reader(chromium: Browser, pages: dict[str, Path]) -> Iterator[Reader]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    made = Reader(context.new_page(), pages["starter"])
    yield made
    context.close()
    assert made.complaints == []
    assert {url.partition("#")[0] for url in made.requests} <= {made.uri, "about:blank"}


@pytest.mark.parametrize("which", ["starter", "odd"])
def test_the_page_finds_what_the_terminal_finds_in_the_same_order(
    reader: Reader, pages: dict[str, Path], starter: Vault, odd: Vault, which: str
) -> None:
    vault = {"starter": starter, "odd": odd}[which]
    reader.uri = pages[which].as_uri()
    reader.open()
    hits = 0
    for query in QUERIES:
        expected = [hit.question.id for hit in search(vault, query, Selection())]
        assert (query, reader.search(query)) == (query, expected)
        assert reader.count() == len(expected)
        hits += bool(expected)
    assert hits >= 11
    assert reader.search("***") == list(vault.questions), "without a word nothing is narrowed"


def test_the_page_narrows_as_the_terminal_does(reader: Reader, starter: Vault) -> None:
    reader.open()
    for facets in ({"track": ["cloud"]}, {"level": ["L4", "L5"], "track": ["edge", "cloud"]}, {"area": ["memory"]}):
        query = "&".join(f"{facet}={value}" for facet, values in facets.items() for value in values)
        reader.open(f"#q=memory&{query}")
        selection = Selection.model_validate({facet: tuple(values) for facet, values in facets.items()})
        assert reader.rows() == [hit.question.id for hit in search(starter, "memory", selection)]


def test_facets_count_what_choosing_them_would_show(reader: Reader, starter: Vault) -> None:
    questions = list(starter.questions.values())
    reader.open()
    assert reader.counts("track") == dict(Counter(q.track for q in questions))
    assert reader.counts("has") == {
        "chain": len(starter.memberships),
        "napkin": sum(bool(q.napkin_math) for q in questions),
        "options": sum(bool(q.options) for q in questions),
        "visual": sum(q.visual is not None for q in questions),
    }
    reader.page.check('.facet input[name="track"][value="cloud"]')
    cloud = [q for q in questions if q.track == "cloud"]
    assert reader.count() == len(cloud)
    assert reader.counts("track") == dict(Counter(q.track for q in questions)), "its own choice does not narrow a facet"
    levels: Counter[str] = Counter(q.level for q in cloud)
    assert reader.counts("level") == {level: levels[level] for level in reader.counts("level")}
    for level, count in levels.items():
        reader.page.check(f'.facet input[name="level"][value="{level}"]')
        assert reader.count() == count
        reader.page.uncheck(f'.facet input[name="level"][value="{level}"]')
    reader.page.check('.facet input[name="has"][value="options"]')
    reader.page.check('.facet input[name="has"][value="napkin"]')
    assert reader.count() == sum(bool(q.options and q.napkin_math) for q in cloud)
    assert "track=cloud" in reader.page.url
    assert "has=options" in reader.page.url
    reader.page.click("text=Clear")
    expect(reader.page.locator("#found b")).to_have_text(f"{len(questions):,}")
    assert reader.count() == len(questions)


def test_what_was_searched_is_marked_in_title_and_text(reader: Reader) -> None:
    reader.open()
    assert reader.search("KV cach")
    marks = reader.page.locator("#rows mark").all_inner_texts()
    assert {mark.lower() for mark in marks} <= {"kv", "cache", "cached", "caches", "caching"}
    for row in reader.page.locator("#rows li").all():
        assert row.locator("mark").count() >= 1


def test_a_link_leads_to_a_question_and_its_answer_is_revealed(reader: Reader, starter: Vault) -> None:
    reader.open("#starter-cloud-001")
    page = reader.page
    assert page.locator("h1").nth(1).inner_text() == starter.questions["starter-cloud-001"].title  # type: ignore[index]
    assert page.title().startswith(starter.questions["starter-cloud-001"].title)  # type: ignore[index]
    assert page.locator(".answer").count() == 0
    page.fill(".estimate", "300 KB")
    page.click(".options label >> nth=1")
    page.click(".reveal")
    assert page.locator(".answer").is_visible()
    assert "Your estimate 300 KB" in page.locator(".verdict").inner_text()
    assert page.locator(".options .wrong").count() == 1
    page.click(".stage > summary >> nth=0")
    assert page.locator(".stage-body").first.is_visible()
    page.click("text=← Results")
    assert page.locator("#list").is_visible()


def test_everything_can_be_done_by_keyboard(reader: Reader) -> None:
    reader.open()
    page, press = reader.page, reader.page.keyboard.press
    press("/")
    page.keyboard.type("kv cache")
    page.wait_for_function("document.querySelectorAll('#rows mark').length > 3")
    first, second = reader.rows()[:2]
    press("Enter")
    press("Enter")
    page.wait_for_function(f"location.hash === '#{first}'")
    page.wait_for_selector(".reveal")
    press("Space")
    page.wait_for_selector(".answer")
    press("n")
    assert page.locator(".stage[open]").count() == 1
    press("j")
    page.wait_for_function(f"location.hash === '#{second}'")
    page.wait_for_selector(".reveal")
    press("k")
    page.wait_for_function(f"location.hash === '#{first}'")
    page.wait_for_selector(".to-chain")
    press("c")
    page.wait_for_selector(".ladder")
    press("Escape")
    page.wait_for_selector("#list", state="visible")
    assert page.input_value("#query") == "kv cache"
    press("j")
    press("j")
    press("k")
    assert page.evaluate("document.activeElement.hash") == f"#{first}"
    press("?")
    assert page.locator("#help").is_visible()
    press("Escape")
    assert not page.locator("#help").is_visible()


def test_chains_have_a_ladder_of_their_steps_and_one_goes_from_step_to_step(reader: Reader, starter: Vault) -> None:
    reader.open("#view=chains")
    page, steps = reader.page, starter.chains[0].steps
    assert reader.count() == len(starter.chains)
    page.locator("#rows a").first.click()
    page.wait_for_selector(".ladder")
    hashes = page.locator(".ladder a").evaluate_all("all => all.map(one => one.hash.slice(1))")
    assert hashes == list(steps)
    page.locator(".ladder a").nth(1).click()
    page.wait_for_selector(".card-place h1")
    assert page.url.endswith("#" + steps[1])
    assert page.locator(".where-in").inner_text() == f"2 of {len(steps)}"
    page.keyboard.press("j")
    page.wait_for_function(f"location.hash === '#{steps[2]}'")
    page.click("text=← Chain")
    page.wait_for_selector(".ladder")
    page.keyboard.press("Escape")
    page.wait_for_selector("#rows .rungs")
    assert page.url.endswith("#view=chains")


def chains_of(vault: Vault, query: str, selection: Selection) -> dict[str, int]:
    """Each chain that holds a result of the terminal, with how many, the one with the best result first."""
    found: dict[str, int] = {}
    for hit in search(vault, query, selection):
        for place in vault.memberships.get(hit.question.id, ()):
            found[place.chain.id] = found.get(place.chain.id, 0) + 1
    return found


def test_the_list_of_chains_is_searched_and_narrowed_as_the_questions_are(reader: Reader, starter: Vault) -> None:
    reader.open("#view=chains&q=cache&track=cloud")
    expected = chains_of(starter, "cache", Selection(track=("cloud",)))
    assert 3 < len(expected) < len(starter.chains)
    page = reader.page
    shown = "all => all.map(one => new URLSearchParams(one.hash.slice(1)).get('chain'))"
    for _ in range(len(expected) // 12):
        page.evaluate("document.getElementById('more').click()")
    assert page.locator("#rows a").evaluate_all(shown) == list(expected)
    assert reader.count() == len(expected)
    sizes = {str(chain.id): len(chain.steps) for chain in starter.chains}
    told = [f"{n} of {sizes[key]} steps" if n < sizes[key] else f"{n} steps" for key, n in expected.items()]
    assert page.locator("#rows i:not(.level)").all_inner_texts() == [f"Cloud · {text}" for text in told]
    assert page.locator("#rows mark").count() > 3
    page.fill("#query", "latency")
    page.wait_for_function("state.q === 'latency'")
    assert "view=chains" in page.url
    assert reader.count() == len(chains_of(starter, "latency", Selection(track=("cloud",))))
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.wait_for_function("document.body.dataset.view === 'list'")
    hits = [hit.question.id for hit in search(starter, "latency", Selection(track=("cloud",)))]
    assert reader.rows() == hits, "the same words and facets, as questions"


def test_a_chain_is_a_facet_like_the_others(reader: Reader, starter: Vault) -> None:
    first, second = [chain for chain in starter.chains if len(chain.steps) > 4][:2]
    reader.open(f"#chain={first.id}")
    page = reader.page
    assert reader.rows() == list(first.steps), "one chain alone stands in the order of its steps"
    assert page.locator("#picks input:checked").evaluate_all("all => all.map(one => one.value)") == [first.id]
    assert page.locator("#pick").is_visible(), "the facet is open where an address has chosen in it"
    page.fill("#pick", second.id)
    page.check(f'#picks input[value="{second.id}"]')
    assert sorted(reader.rows()) == sorted({*first.steps, *second.steps}), "either of them"
    assert f"chain={first.id}&chain={second.id}" in page.url
    levels = Counter(starter.questions[key].level for key in {*first.steps, *second.steps})
    assert {level: n for level, n in reader.counts("level").items() if n} == dict(levels)
    page.click(f'#picks input[value="{first.id}"]')
    assert reader.rows() == list(second.steps)
    query = starter.questions[second.steps[1]].title.split()[0]
    selection = Selection(chain=(second.id,))
    assert reader.search(query) == [hit.question.id for hit in search(starter, query, selection)] != []
    page.click("text=As a ladder")
    page.wait_for_selector(".ladder")
    assert page.locator("#one h2").inner_text() == chain_title(starter, second)


def test_of_many_chains_the_facet_shows_a_few_with_their_counts_and_finds_the_others(
    reader: Reader, starter: Vault
) -> None:
    reader.open("#q=cache")
    page = reader.page
    page.locator(".facet summary", has_text="Chain").click()
    picks = page.locator("#picks label")
    counts = chains_of(starter, "cache", Selection())
    told = dict(picks.evaluate_all("all => all.map(one => [one.firstChild.value, +one.lastChild.textContent])"))
    assert len(told) == 6
    assert list(told.values()) == sorted(counts.values(), reverse=True)[:6]
    assert all(counts[key] == number for key, number in told.items())
    assert page.locator("#picks p").inner_text() == f"{len(counts) - 6} more"
    # By keyboard alone: find one, take it, take it back, and the focus is where it was.
    page.locator("#pick").focus()
    wanted = next(key for key in counts if key not in told)
    page.keyboard.type(wanted)
    assert picks.first.locator("input").get_attribute("value") == wanted
    page.keyboard.press("Enter")
    assert picks.first.locator("input").is_checked()
    assert page.evaluate("document.activeElement.id") == "pick"
    assert reader.count() == counts[wanted]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == wanted
    page.keyboard.press("Space")
    assert reader.count() == len(search(starter, "cache", Selection()))
    assert page.evaluate("document.activeElement.value") == wanted
    page.fill("#pick", "no such chain")
    assert page.locator("#picks").inner_text() == "None fits."


def test_a_vault_without_chains_has_no_facet_for_them(reader: Reader, tmp_path: Path) -> None:
    vault = load_vault(write_folder(tmp_path / "v", [question("alone-1")], [], release()))
    reader.uri = page_of(vault, tmp_path).as_uri()
    reader.open()
    assert reader.rows() == ["alone-1"]
    assert reader.page.locator("#pick").count() == 0
    reader.open("#view=chains")
    assert reader.count() == 0


@pytest.mark.parametrize(
    ("address", "said"),
    [("#cloud-9999", "question cloud-9999"), ("#chain=gone", "chain gone"), ("#level=L9&q=cache", "level L9")],
)
def test_a_link_to_what_this_vault_does_not_have_says_so(reader: Reader, address: str, said: str) -> None:
    reader.open(address)
    assert f"This vault has no {said}." in reader.page.locator("#found").inner_text()
    reader.search("latency")
    assert "This vault" not in reader.page.locator("#found").inner_text()


def test_who_types_in_a_question_comes_back_to_it(reader: Reader) -> None:
    reader.open("#starter-cloud-001")
    reader.page.keyboard.press("/")
    reader.page.keyboard.type("latency")
    reader.page.wait_for_selector("#rows mark")
    reader.page.go_back()
    reader.page.wait_for_selector(".card-place h1")
    assert reader.page.url.endswith("#starter-cloud-001")


def test_typing_right_behind_the_key_leaves_no_step_too_many(reader: Reader) -> None:
    """The key and the first letter come in one breath, before the browser says that the address changed."""
    reader.open("#starter-cloud-001")
    reader.page.evaluate("""() => {
        document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "/", bubbles: true}));
        document.getElementById("query").value = "latency";
        document.getElementById("query").dispatchEvent(new Event("input", {bubbles: true}));
    }""")
    reader.page.wait_for_selector("#rows mark")
    reader.page.go_back()
    reader.page.wait_for_selector(".card-place h1")
    assert reader.page.url.endswith("#starter-cloud-001")


def test_every_question_opens_and_reveals_without_a_complaint(
    reader: Reader, pages: dict[str, Path], odd: Vault
) -> None:
    """All that is odd, and all that is hostile; formulas are set as MathML."""
    reader.uri = pages["odd"].as_uri()
    reader.open()
    page = reader.page
    opened = [key for key in odd.questions if not key.startswith("step-") or key in ("step-00", "step-21")]
    for key in opened:
        page.evaluate("key => { location.hash = encodeURIComponent(key); }", key)
        page.wait_for_function("key => document.querySelector('.card-place .staffml-id')?.textContent === key", arg=key)
        page.evaluate("showAnswer()")
        page.wait_for_selector(".answer")
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (key, width)
        assert page.locator("#one img").count() == (odd.questions[key].visual is not None)
        assert page.locator("#one iframe, #one svg, #one style, #one [onerror], #one [onload]").count() == 0
        if key == "math":
            page.wait_for_function("document.querySelectorAll('#one math').length >= 8")
            assert "\\(" not in page.locator("#one").inner_text()
    assert len(opened) >= 20


def test_hostile_text_is_text_in_the_list_and_in_the_search(reader: Reader, pages: dict[str, Path], odd: Vault) -> None:
    reader.uri = pages["odd"].as_uri()
    reader.open()
    assert reader.search("script alert onerror") == ["evil-1"]
    title = odd.questions["evil-1"].title  # type: ignore[index]
    assert reader.page.locator("#rows b").first.inner_text() == title
    assert reader.page.locator("#rows img, #rows script, #rows svg").count() == 0


def test_a_text_that_turns_its_direction_turns_nothing_beside_it(reader: Reader, tmp_path: Path) -> None:
    """Titles and topics stand side by side: in a list of chains, and in what a question says of its chains."""
    raws = [
        question(f"t-{n}", title=title, topic="\u202ecpot") for n, title in enumerate(("\u202eevil", "Plain", "End"))
    ]
    vault = load_vault(write_folder(tmp_path / "v", raws, [chain("one", *raws), chain("two", *raws[::-1])], release()))
    reader.uri = page_of(vault, tmp_path).as_uri()
    places = """all => all.map(one => { const node = document.createTreeWalker(one, NodeFilter.SHOW_TEXT).nextNode();
      return [0, node.length - 1].map(at => { const range = new Range(); range.setStart(node, at); range.setEnd(node, at + 1);
        return range.getBoundingClientRect().left; }); })"""
    reader.open("#view=chains")
    (evil, _), plain, end = reader.page.locator("#rows li:first-child small bdi").evaluate_all(places)
    assert evil < plain[0] < plain[1] < end[0] < end[1]
    reader.open("#t-1")
    chains = reader.page.locator(".to-chain").evaluate_all("all => all.map(one => one.getBoundingClientRect().left)")
    assert chains == sorted(chains)
    assert len(chains) == 2


def test_the_policy_lets_nothing_run_but_ours(reader: Reader) -> None:
    """Were hostile markup to reach the page in spite of all, it would stay dead."""
    reader.open()
    evil = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script><style>body{display:none}</style>"
    reader.page.evaluate("html => { document.getElementById('one').innerHTML = html; }", evil)
    reader.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = \"document.title = 'hacked'\"; document.body.append(s); }"
    )
    reader.page.evaluate("fetch('https://example.org/').catch(() => 0)")
    reader.page.wait_for_timeout(100)
    assert reader.page.title() == "StaffML Vault"
    assert reader.page.locator("#list").is_visible()
    assert len(reader.complaints) >= 4
    assert all("Content Security Policy" in said or "ERR_" in said for said in reader.complaints)
    reader.complaints.clear()
    reader.requests[:] = [url for url in reader.requests if not url.endswith("/x")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_every_view_fits_and_can_be_read(
    chromium: Browser, pages: dict[str, Path], scheme: Any, width: int, odd: Vault
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.set_default_timeout(30_000)
    page = context.new_page()
    reader = Reader(page, pages["odd"])
    chain = json.dumps(odd.chains[0].id)[1:-1]
    for address in (
        "",
        "#q=step",
        "#q=nothingatall",
        "#view=chains",
        f"#view=chain&chain={chain}",
        f"#chain={chain}",
        "#step-21",
    ):
        reader.open(address)
        if width < 800 and ("=" not in address or "view" not in address) and "step-" not in address:
            page.click("#filters > summary")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        faint = [(round(ratio, 2), text) for _, _, ratio, text in page.evaluate(CONTRASTS) if ratio < READABLE]
        assert (address, faint) == (address, [])
        if width in (390, 1280):
            assert (address, axe(page, whole=True)) == (address, [])
    assert reader.complaints == []
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")
    context.close()


def test_without_javascript_the_page_says_so_and_shows_its_first_rows(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["starter"].as_uri())
    assert page.locator("#rows li").count() >= 20
    assert "needs JavaScript" in page.inner_text("body")
    context.close()


def test_the_page_is_the_same_for_the_same_vault(starter: Vault, pages: dict[str, Path]) -> None:
    assert vault_page(starter, load_templates()) == pages["starter"].read_text(encoding="utf-8")
