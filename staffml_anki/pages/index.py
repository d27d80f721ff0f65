"""The index of ``vault/search.py``, as the page reads it: nothing is left to reckon but the scores.

The page gets the same numbers as SQLite has (how often a word stands where, how long each text is), so that both find
the same questions in the same order.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from staffml_anki.vault import Question
from staffml_anki.vault.search import WEIGHTS, columns


@dataclass(frozen=True, slots=True)
class Index:
    """
    Attributes:
        words: every word there is, in the order in which JavaScript sorts them.
        postings: for each word, as variable-length integers (seven bits a byte, low ones first, the eighth bit says
            that more follow): how many questions hold it, then for each the distance from the question before and the
            sum of the weights of its places there.
        lengths: words in each question.
    """

    words: list[str]
    postings: bytes
    lengths: list[int]


def make_index(questions: Iterable[Question]) -> Index:
    """The index of questions, which are then known by their number in this order."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    lengths = []
    weights = tuple(WEIGHTS.values())
    for number, question in enumerate(questions):
        here: dict[str, int] = {}
        length = 0
        for weight, column in zip(weights, columns(question), strict=True):
            length += len(column)
            for word in column:
                here[word] = here.get(word, 0) + weight
        lengths.append(length)
        for word, weight in here.items():
            found[word].append((number, weight))
    words = sorted(found, key=lambda word: word.encode("utf-16-be"))
    out = bytearray()
    for word in words:
        _write(out, len(found[word]))
        before = 0
        for number, weight in found[word]:
            _write(out, number - before)
            _write(out, weight)
            before = number
    return Index(words, bytes(out), lengths)


def _write(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
