"""Vault text → safe HTML that still says exactly what the vault said."""

import html
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from staffml_anki.cards.markup import attribute, link, markdown, markdown_line, plain, render_markdown

GUARD = '<span class="mathjax_ignore tex2jax_ignore">'


class Reader(HTMLParser):
    """What a browser would make of it: the visible text, and every tag with its attributes."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "br":
            self.text += "\n"


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("```text\na  < b\n\nc\n```", "<pre><code>a  &lt; b\n\nc\n</code></pre>"),
        ("first\nsecond", "<p>first<br>second</p>"),
        ("**A:**\nB", "<p><strong>A:</strong><br>B</p>"),
        (
            "| a | b |\n|---|---|\n| $3 | <4 |",
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n"
            "<tr><td>$3</td><td>&lt;4</td></tr>\n</tbody></table>",
        ),
        ("see [x](https://e.org/a?b=1&c=2)", None),
        ("> 90% of it", "<p>&gt; 90% of it</p>"),
        ("~5 ms, ~10 ms", "<p>~5 ms, ~10 ms</p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
    ],
)
def test_restricted_markdown_becomes_html(source: str, rendered: str | None) -> None:
    if rendered is None:
        rendered = '<p>see <a href="https://e.org/a?b=1&amp;c=2" rel="noopener noreferrer">x</a></p>'
    assert markdown(source) == rendered


@pytest.mark.parametrize(
    ("source", "inside"),
    [
        (r"$\frac{a}{b}$", r"\(\frac{a}{b}\)"),
        ("$x_1^2$", r"\(x_1^2\)"),
        ("$2^{10}$ bytes at $5/hour", r"\(2^{10}\) bytes at $5/hour"),
        ("$$T = N / B$$", r"\[T = N / B\]"),
        ("$$\nx_1\n$$", "\\[\nx_1\n\\]"),
        ("$5 and $x_1$", r"$5 and \(x_1\)"),
        ("$5,$x_1$", r"$5,\(x_1\)"),
        (r"$a < b \\& c$", r"\(a &lt; b \\&amp; c\)"),
        ("**$x_1$**", r"<strong>\(x_1\)</strong>"),
        (r"$\text{cost: \$3}$", r"\(\text{cost: \$3}\)"),
    ],
)
def test_math_becomes_mathjax(source: str, inside: str) -> None:
    assert markdown(source) == f"<p>{inside}</p>"


@pytest.mark.parametrize(
    "text",
    [
        "$3M",
        "$0.023/GB … $11.5M",
        "from $3 to $4 (2^10 times)",
        "($3M)–($4M)",
        "$3M for 10^6 tokens and $5M for 10^7",
        "$x$ is not marked as math",
        "US$5, A$6",
        "$$$",
        "it costs $$ and more $$",
        "<50ms",
        "a < b && c > d",
        "{{not a field}} {{c1::cloze}}",
        "StaffML::track::cloud",
        "Größe → 3 µs, 日本語, עברית, 😀",
        "a <b && c> d",
        "x <script>alert(1)</script> y",
        "<b>bold?</b> <!-- no --> <?php ?>",
        "&nbsp-like text & more",
        "4*1024*1024 bytes, batch*seq*hidden",
        "2**10 = 1024, 2**20 = 1048576, (n)**2",
        "1986. A year",
        "Title\n-",
        "a\n***\nb",
        "__init__ and __main__, _private_",
        "# of GPUs = 4",
        "[peak]: 312 TFLOP/s",
        "sum\n---\n8 GB",
        "140 GB\n+ 20 GB",
        "[sound:x.mp3] [latex]y[/latex] [$]z[/$] [anki:tts lang=en_US]hm[/anki:tts]",
    ],
)
def test_what_is_text_stays_exactly_that_text(text: str) -> None:
    for render in (markdown, plain, markdown_line):
        reader = Reader(render(text))
        assert reader.text == (" ".join(text.split()) if render is markdown_line else text)
        assert {tag for tag, _ in reader.tags} <= {"p", "br"}


def test_math_in_a_table_cell_keeps_its_bars() -> None:
    assert r"<td>\(|x|_1\)</td>" in markdown("| a |\n|---|\n| $|x|_1$ |")


def test_dollars_in_code_are_left_alone() -> None:
    assert markdown("`$x_1$` but $x_1$") == r"<p><code>$x_1$</code> but \(x_1\)</p>"
    assert "<code>echo $A_1/$B_1\n</code>" in markdown("```\necho $A_1/$B_1\n```")


def test_text_that_looks_like_mathjax_is_not_typeset() -> None:
    assert plain(r"\(x\) and \[y\]") == rf"\{GUARD}(</span>x\) and \{GUARD}[</span>y\]"
    assert Reader(plain(r"\(x\)")).text == r"\(x\)"
    assert GUARD in markdown(r"a `\(x\)`")


def test_anki_s_own_tags_are_defused_in_code_too() -> None:
    assert markdown("`[sound:a.mp3]`") == "<p><code>&#91;sound:a.mp3]</code></p>"
    assert attribute("[sound:a.mp3]") == "&#91;sound:a.mp3]"


@pytest.mark.parametrize(
    "source",
    [
        "[x](javascript:alert(1))",
        "[x](java&#115;cript:alert(1))",
        "[x](data:text/html,<script>)",
        "[x](//e.org)",
        "[x](file:///etc/passwd)",
        "[x](http://e.org)",
        "![x](https://e.org/x.png)",
        "![x](x.png)",
        '<img src=x onerror="alert(1)">',
        '<a href="https://e.org" onclick="x">y</a>',
        "<iframe src=https://e.org></iframe>",
        "<style>*{display:none}</style>",
        "<svg onload=alert(1)>",
        '[x](https://e.org/"onmouseover="alert(1))',
        "[a]: javascript:alert(1)\n\n[a]",
        "<https://e.org>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&#xFDD0;script&#xFDD1;",
        "$x_1$ &#xFDD2;0&#xFDD3; &#xFDD2;7&#xFDD3;",
        "a&#31;b&#0;c",
        "`<img src=x onerror=alert(1)>`",
        "```<script>\n</code></pre><script>alert(1)</script>\n```",
        '[x](https://e.org/$\\"onclick=$)',
    ],
)
def test_nothing_active_comes_out(source: str) -> None:
    for out in (markdown(source), markdown_line(source), plain(source)):
        for tag, attributes in Reader(out).tags:
            assert tag in {"p", "a", "code", "pre", "span", "br"}
            assert set(attributes) <= {"href", "rel", "class"}
            assert (attributes.get("href") or "https://").startswith("https://")
        assert "\x1f" not in out
        assert not re.search("[\ufdd0-\ufdef]", out)


def test_links_other_than_https_keep_only_their_name() -> None:
    assert link("https://e.org/?a=1&b=2", "A & B").startswith('<a href="https://e.org/?a=1&amp;b=2"')
    assert link("http://e.org", "Name") == "Name"
    assert link("javascript:alert(1)", "<x>") == "&lt;x&gt;"


@pytest.mark.parametrize(
    "body",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{color:red}{x}",
        r"\require{html}",
        r"\class{x}{y}",
        r"\mmlToken{mi}[href='javascript:alert(1)']{x}",
        r"\def\x{\x\x}\x",
        r"\csname href\endcsname{javascript:x}",
    ],
)
def test_math_that_does_more_than_typeset_stays_text(body: str) -> None:
    assert "\\(" not in markdown(f"So ${body}$.").replace(f"\\{GUARD}(", "")


@pytest.mark.parametrize("body", ["[sound:evil_1.mp3]", "[latex]x_2[/latex]", "[$]x_2[/$]", "[anki:tts a_1]"])
def test_anki_s_own_tags_are_defused_in_math_too(body: str) -> None:
    for source in (f"${body}$", f"`${body}$`", f"$${body}$$"):
        assert "[sound:" not in markdown(source)
        assert "[latex]" not in markdown(source)
        assert "[$]" not in markdown(source)
        assert "[anki:" not in markdown(source)


def test_an_option_stays_one_line() -> None:
    assert markdown_line("- 5 W") == "- 5 W"
    assert markdown_line("1. The bus") == "1. The bus"
    assert markdown_line("    indented") == "indented"
    assert markdown_line("**16**\nGB") == "<strong>16</strong> GB"


SAFE_TAGS = set("p br strong em code pre ul ol li table thead tbody tr th td h3 h4 h5 h6 hr a span".split())
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=200)
spicy = st.lists(
    st.sampled_from(
        ["$", "$$", "\\", "^", "_", "{", "}", "<", ">", "&", "`", "```", "*", "**", "[", "](", ")", "\n", "\n\n", " ",
         "a", "3", "|", "- ", "<script>", "</code>", "&#x41;", "https://e.org", "javascript:", "\ufdd2", "0", "\ufdd3", "&#xFDD5;", "\ufdd5"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(st.one_of(texts, spicy))
@example("<a" * 50)
def test_whatever_the_vault_holds_only_safe_markup_comes_out(source: str) -> None:
    for out in (markdown(source), markdown_line(source), plain(source)):
        assert "\x1f" not in out
        assert not re.search("[\ufdd0-\ufdef]", out)
        for tag, attributes in Reader(out).tags:
            assert tag in SAFE_TAGS
            assert set(attributes) <= {"href", "rel", "class", "start"}
            assert (attributes.get("href") or "https://").startswith("https://")


@given(st.lists(st.one_of(texts, spicy), max_size=5), st.lists(spicy, max_size=3))
@example(["```\nopen", "$x_1", "$ &#xFDD5; |", "| a |\n|---|"], ["\\", "$x_1$"])
def test_many_texts_at_once_render_as_each_alone(blocks: list[str], lines: list[str]) -> None:
    rendered = render_markdown(blocks, lines)
    assert rendered == ([markdown(text) for text in blocks], [markdown_line(text) for text in lines])


@given(texts)
def test_plain_text_reads_back_unchanged(source: str) -> None:
    source = re.sub("[\ufdd0-\ufdef]", "", source)
    assert Reader(plain(source)).text == source


@given(texts)
def test_an_attribute_reads_back_unchanged(source: str) -> None:
    source = re.sub("[\ufdd0-\ufdef]", "", source)
    ((_, attributes),) = Reader(f'<img alt="{attribute(source)}">').tags
    assert attributes["alt"] == source


@given(
    st.lists(st.sampled_from(["$3M", "$0.5/GB", "<50ms", "a < b", "c > d", "x && y", "Größe", "and", "—"]), min_size=1)
)
def test_prices_and_comparisons_survive_in_any_company(words: list[str]) -> None:
    text = " ".join(words)
    # At the start of a line, Markdown has its say about dashes and numbers; in a sentence it has none.
    assert Reader(markdown(f"So {text}")).text == f"So {text}"


@given(st.text(st.sampled_from("abx0_^{}+=<> "), min_size=1, max_size=30))
def test_the_body_of_math_reaches_mathjax_unchanged(body: str) -> None:
    if body != body.strip() or not set(body) & set("_^{"):
        return
    assert Reader(markdown(f"So ${body}$.")).text == rf"So \({body}\)."


@given(texts)
def test_output_is_in_the_normal_form_that_anki_stores(source: str) -> None:
    assert unicodedata.is_normalized("NFC", markdown(source))


@pytest.mark.parametrize("unit", ["$", "$a", "$a_", "$$", "$\\", "`$_", "\\$_", "**a", "[", "<", "- $x_1 "])
def test_long_hostile_text_takes_linear_time(unit: str) -> None:
    """A million characters end in moments; anything quadratic would not end within this test run."""
    markdown(unit * (1_000_000 // len(unit)))


def test_entities_are_read_as_markdown_reads_them() -> None:
    assert markdown("5 &lt; 6 &amp; 7") == "<p>5 &lt; 6 &amp; 7</p>"
    assert html.unescape(plain("5 &lt; 6")) == "5 &lt; 6"
