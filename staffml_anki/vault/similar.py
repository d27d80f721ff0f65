"""Questions that ask what another one asks: scenarios compared by their word triples, candidates found by MinHash.

MinHash and banding (Broder, 1997; Leskovec et al., *Mining of Massive Datasets*, chapter 3) come from rensa, which is
one wheel without dependencies; datasketch would bring NumPy and SciPy for it.
"""

import re
from collections.abc import Iterator, Sequence

from staffml_anki.vault.model import Question

ALIKE = 0.7
"""Share of word triples in common, of all in either (Jaccard), from which two scenarios count as one."""
_PERMUTATIONS, _BANDS = 128, 32  # finds a pair at 0.7 with a probability of 0.9998
_SEED = 1
_TRIPLE = 3
_SHORTEST = 24
"""Words. Shorter scenarios are alike by chance."""
_WORD = re.compile(r"\w+")
_DIGITS = re.compile(r"[0-9]+")


def alike(questions: Sequence[Question]) -> Iterator[tuple[Question, Question, float]]:
    """Pairs whose scenarios share most of their words, numbers aside: the later question, its model, the share.

    Each question comes at most once, with the first one that it is like.
    """
    texts = [_triples(f"{question.scenario} {question.question}") for question in questions]
    long = [(question, triples) for question, triples in zip(questions, texts, strict=True) if triples]
    if len(long) < 2:
        return
    from rensa import RMinHash, RMinHashLSH

    hashes = RMinHash.from_token_sets([sorted(triples) for _, triples in long], _PERMUTATIONS, _SEED)
    index = RMinHashLSH(ALIKE, _PERMUTATIONS, _BANDS)
    for number, ((question, triples), hashed) in enumerate(zip(long, hashes, strict=True)):
        twin = None
        for candidate in sorted(index.query(hashed)):
            other, others = long[candidate]
            common = len(triples & others)
            share = common / (len(triples) + len(others) - common)
            if share >= ALIKE:
                twin = other
                yield question, other, share
                break
        if twin is None:
            index.insert(number, hashed)  # a copy is not: copies of copies are like the first


def _triples(text: str) -> frozenset[str]:
    words = _WORD.findall(_DIGITS.sub("0", text.lower()))
    if len(words) < _SHORTEST:
        return frozenset()
    return frozenset(" ".join(words[at : at + _TRIPLE]) for at in range(len(words) - _TRIPLE + 1))
