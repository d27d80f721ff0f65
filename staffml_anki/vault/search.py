"""Full-text search over titles, questions, scenarios and answers: one definition for the terminal and the page.

``words`` says what a word is. A question is found when every word of the query begins a word in it. Hits are ranked
by BM25 as SQLite's FTS5 reckons it (k1 = 1.2, b = 0.75), a word counting by where it stands (``WEIGHTS``), and of
equals the lower id comes first. ``pages/index.py`` writes the same index for the page, and ``pages/assets/vault.js``
reads it.
"""

import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.vault.model import Question, QuestionId, Vault
from staffml_anki.vault.select import Selection, select

WEIGHTS = {"title": 8, "question": 4, "scenario": 2, "solution": 1}
# Letters and digits; what stands between two digits belongs to the number: 3.35, 4,096.
_WORD = re.compile(r"(?:[^\W_]|(?<=[0-9])[.,](?=[0-9]))+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A question that was found. The higher the score, the better it fits."""

    question: Question
    score: float


def words(text: str) -> list[str]:
    """The words of a text, in order: small letters without accents, numbers without thousands separators.

    ``"Größe: 4,096 KV-Caches"`` → ``["große", "4096", "kv", "caches"]``
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text).lower()
        text = "".join(c for c in decomposed if c.isascii() or unicodedata.category(c)[0] != "M")
    return [word.replace(",", "") for word in _WORD.findall(text.lower())]


def columns(question: Question) -> Iterator[list[str]]:
    """The words of each searched field, in the order of WEIGHTS."""
    for name in WEIGHTS:
        yield words(getattr(question, name))


def search(vault: Vault, query: str, selection: Selection) -> list[Hit]:
    """The questions of a selection that hold every word of the query, the best first.

    The selection narrows what is given back and does not touch the scores.

    Raises:
        StaffmlAnkiError: there is no word in the query, or this Python's SQLite comes without FTS5.
    """
    wanted = words(query)
    if not wanted:
        raise StaffmlAnkiError(f"search '{query}': holds no letter and no digit; give a word, such as cache")
    taken = select(vault, selection)
    with closing(sqlite3.connect(":memory:")) as connection:
        _fill(connection, vault)
        match = " ".join(f'"{word}"*' for word in wanted)
        rank = f"bm25(texts, 0, {', '.join(map(str, WEIGHTS.values()))})"
        rows = connection.execute(f"SELECT id, -{rank} FROM texts WHERE texts MATCH ?", [match]).fetchall()  # noqa: S608 - our own names
    found = [Hit(taken[QuestionId(key)], score) for key, score in rows if key in taken]
    return sorted(found, key=lambda hit: (-hit.score, hit.question.id))


def _fill(connection: sqlite3.Connection, vault: Vault) -> None:
    """Words go in as we split them: SQLite has only to part them at the spaces."""
    names = ", ".join(WEIGHTS)
    try:
        connection.execute(
            f"CREATE VIRTUAL TABLE texts USING fts5(id UNINDEXED, {names}, tokenize=\"ascii tokenchars '.'\")"
        )
    except sqlite3.OperationalError as error:
        raise StaffmlAnkiError(
            f"search: this Python's SQLite has no full-text search ({error}); use another Python"
        ) from None
    marks = ", ".join("?" * (len(WEIGHTS) + 1))
    rows = ((q.id, *map(" ".join, columns(q))) for q in vault.questions.values())
    connection.executemany(f"INSERT INTO texts VALUES ({marks})", rows)  # noqa: S608 - question marks
