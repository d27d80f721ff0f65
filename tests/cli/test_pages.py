"""`search`, `preview` and `browse` as a user meets them."""

import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

type Run = Callable[..., Any]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been opened in a browser."""
    seen: list[str] = []

    def look(url: str) -> bool:
        seen.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", look)
    return seen


def test_search_finds_the_best_first_and_narrows_as_list_does(run: Run, vault_folder: Path) -> None:
    found = run("search", "70B", "CARDS", "-v", vault_folder, "--json").json
    assert len(found) == 12
    assert list(found[0]) == ["id", "track", "level", "area", "topic", "title", "score"]
    assert [each["score"] for each in found] == sorted((each["score"] for each in found), reverse=True)
    options = ("--track", "edge", "--level", "l2", "--level", "L3")
    narrow = run("search", "70b cards", "-v", vault_folder, "--json", *options).json
    listed = run("list", "-v", vault_folder, "--json", *options).json
    assert sorted(each["id"] for each in narrow) == [each["id"] for each in listed]


def test_search_in_the_terminal_is_a_table_like_list(run: Run) -> None:
    lines = run("search", "kv", "cach").out.splitlines()
    assert lines[0].split() == ["id", "level", "track", "area", "title"]
    assert lines[1].startswith("starter-cloud-001")
    nothing = run("search", "quux")
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err == "no question matches; drop a word or an option\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "***"], "search '***': holds no letter and no digit; give a word, such as cache"),
        (["search", "kv", "--track", "clowd"], "--track clowd: no such track; did you mean cloud?"),
        (
            ["search", "kv", "--topic", "kv-cache"],
            "topic kv-cache: not in this vault; did you mean kv-cache-management?",
        ),
        (
            ["preview", "starter-cloud-01", "--out", "x.html"],
            "starter-cloud-01: no such question; did you mean starter-cl",
        ),
        (["browse", "--out", "x.apkg"], "--out x.apkg: give a name that ends in .html"),
        (["browse", "--out", "nowhere/x.html"], "nowhere: no such folder; create it first"),
    ],
)
def test_mistakes_are_one_line_with_the_remedy(run: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert message in result.err
    assert list(tmp_path.iterdir()) == []


def test_browse_writes_the_page_here_and_opens_it(run: Run, tmp_path: Path, opened: list[str]) -> None:
    result = run("browse")
    assert "staffml-vault.html is ready" in result.out
    assert " questions · " in result.out
    page = tmp_path / "staffml-vault.html"
    assert opened == [page.resolve().as_uri()]
    run("browse", "--no-open")
    assert len(opened) == 1


def test_browse_out_writes_and_opens_nothing(run: Run, tmp_path: Path, vault_folder: Path, opened: list[str]) -> None:
    said = run("browse", "-v", vault_folder, "--out", "mine.html", "--json").json
    assert said == {"page": "mine.html", "bytes": (tmp_path / "mine.html").stat().st_size, "questions": 12}
    assert opened == []


def test_preview_out_writes_the_cards_asked_for(run: Run, tmp_path: Path, opened: list[str]) -> None:
    said = run("preview", "starter-edge-003", "starter-cloud-001", "--out", "cards.html", "--json").json
    assert said["cards"] == ["starter-edge-003", "starter-cloud-001"]
    page = (tmp_path / "cards.html").read_text(encoding="utf-8")
    assert said["bytes"] == len(page.encode())
    assert "connect-src 'none'" in page
    assert opened == []


def test_a_vault_without_questions_has_nothing_to_browse(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("[]", encoding="utf-8")
    for command in ("browse", "preview"):
        result = run(command, "-v", "empty.json")
        assert result.code == 2
        assert f"{command}: the vault holds no question that can be published" in result.err
