"""What a word is, what is found, and in which order."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from factory import question, release, write_folder

from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.vault import Vault, load_vault
from staffml_anki.vault.search import search, words
from staffml_anki.vault.select import Selection

EVERYTHING = Selection()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("KV-Cache, kv_cache", "kv cache kv cache"),
        ("Größe naïve CAFÉ", "große naive cafe"),
        ("4,096 tokens at 3.35 TB/s", "4096 tokens at 3.35 tb s"),
        ("1,000,000.5 and 1, 2", "1000000.5 and 1 2"),
        ("v2.0. End.", "v2.0 end"),
        ("<50ms && a < b", "50ms a b"),
        ("$3M / `code_name()`", "3m code name"),
        ("10⁶ ½ ﬁne µs", "106 1 2 fine μs"),
        ("ΣΊΣΥΦΟΣ İstanbul", "σισυφος istanbul"),
        ("記憶 память ذاكرة", "記憶 память ذاكرة"),
        (" \n—…!?", ""),
    ],
)
def test_words_are_letters_and_digits_without_case_accents_and_commas(text: str, expected: str) -> None:
    assert words(text) == expected.split()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    raws = [
        question("a-1", title="Cache line", scenario="s", question="q", **{"details.realistic_solution": "x"}),
        question("a-2", title="t", scenario="A cache, a cache", question="q", **{"details.realistic_solution": "x"}),
        question("a-3", title="t", scenario="s", question="q", **{"details.realistic_solution": "caches of 4,096"}),
        question("a-4", title="t", scenario="s", question="Cache?", level="L5", **{"details.realistic_solution": "x"}),
        question("b-1", title="t", scenario="s", question="q", **{"details.realistic_solution": "x"}),
        question("b-2", title="t", scenario="s", question="q", **{"details.realistic_solution": "x"}),
    ]
    for raw in raws:
        raw["details"]["napkin_math"] = "secretword"
    return load_vault(write_folder(tmp_path / "v", raws, [], release()))


def ids(vault: Vault, query: str, selection: Selection = EVERYTHING) -> list[str]:
    return [hit.question.id for hit in search(vault, query, selection)]


def test_a_word_counts_most_in_the_title_then_in_the_question_the_scenario_and_the_answer(vault: Vault) -> None:
    assert ids(vault, "cache") == ["a-1", "a-4", "a-2", "a-3"]


def test_every_word_of_the_query_must_begin_a_word(vault: Vault) -> None:
    assert ids(vault, "CACH 4096") == ids(vault, "4,096 caches") == ["a-3"]
    assert ids(vault, "cache nothing") == []
    assert ids(vault, "ache") == []
    assert ids(vault, "secretword") == [], "titles, scenarios, questions and answers are searched"


def test_of_equals_the_lower_id_comes_first(vault: Vault) -> None:
    best = search(vault, "x", EVERYTHING)[:3]
    assert [hit.question.id for hit in best] == ["a-4", "b-1", "b-2"]
    assert len({hit.score for hit in best}) == 1


def test_a_selection_narrows_and_leaves_the_scores_alone(vault: Vault) -> None:
    narrow = Selection(level=("L3",))
    assert ids(vault, "cache", narrow) == ["a-1", "a-2", "a-3"]
    every = {hit.question.id: hit.score for hit in search(vault, "cache", EVERYTHING)}
    assert all(hit.score == every[hit.question.id] for hit in search(vault, "cache", narrow))


@pytest.mark.parametrize("query", ["", "  ", "***", '"', "—"])
def test_a_query_without_a_word_is_refused(vault: Vault, query: str) -> None:
    with pytest.raises(StaffmlAnkiError, match="holds no letter and no digit"):
        search(vault, query, EVERYTHING)


@pytest.mark.parametrize(
    "query", ['cache"', "cache*", "cache AND", "cache OR x", "NEAR(cache)", "title:cache", "-cache"]
)
def test_sqlites_own_query_language_is_not_spoken(vault: Vault, query: str) -> None:
    """Such a query is words like any other, and none of them is an error."""
    assert {hit.question.id for hit in search(vault, query, EVERYTHING)} <= {"a-1", "a-2", "a-3", "a-4"}


def test_an_sqlite_without_full_text_search_is_one_clear_line(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor(sqlite3.Connection):
        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            if "fts5" in sql:
                raise sqlite3.OperationalError("no such module: fts5")
            return super().execute(sql, *more)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda name: connect(name, factory=Poor))
    with pytest.raises(StaffmlAnkiError, match=r"has no full-text search \(no such module: fts5\)"):
        search(vault, "cache", EVERYTHING)
