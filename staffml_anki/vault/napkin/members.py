"""The tokens of a clause → its chains, each cut at its relations into members."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from staffml_anki.vault.napkin.tokens import Token

# Words after which something else is spoken of: "= 1.67 at k = 3", "reads 16 + 16.8 = 32.8 GB in 9.8 ms".
_ELSEWHERE = frozenset(
    "after and at because becomes but by for from gives if in instead or so than that unless until when where which "
    "while with".split()
)
_OPERATORS = frozenset("×/+-–√")


@dataclass(frozen=True, slots=True)
class Chain:
    """``members`` joined by ``relations``, which are one fewer."""

    members: tuple[tuple[Token, ...], ...]
    relations: tuple[str, ...]
    in_prose: bool
    """Whether it begins in the middle of a sentence, so that its first number may be about something else."""

    @property
    def computes(self) -> bool:
        """Whether it computes something, so that not being able to read it is worth a word."""
        numbers = [sum(token.kind == "number" for token in member) for member in self.members]
        does = [n > 1 and _operates(member) for n, member in zip(numbers, self.members, strict=True)]
        return any((a and n) or (b and m) for (a, m), (b, n) in pairwise(zip(does, numbers, strict=True)))


def chains_of(tokens: Sequence[Token]) -> Iterator[Chain]:
    """The chains of a clause that have a relation."""
    members: list[list[Token]] = [[]]
    relations: list[str] = []
    depth, in_prose, remark = 0, False, False
    for token in tokens:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth <= 0 and token.kind == "relation":
            if remark:
                # The member so far held two things: the result of one chain, and the beginning of the next.
                first, second = _parted(members[-1])
                if relations:
                    yield Chain((*map(tuple, members[:-1]), tuple(first)), tuple(relations), in_prose)
                members, relations, in_prose = [second], [], True
            members.append([])
            relations.append(token.text)
            remark = False
        else:
            has_number = any(t.kind == "number" for t in members[-1])
            remark |= depth <= 0 and has_number and token.kind == "word" and token.text.lower() in _ELSEWHERE
            members[-1].append(token)
    if relations:
        yield Chain(tuple(map(tuple, members)), tuple(relations), in_prose)


def _parted(member: list[Token]) -> tuple[list[Token], list[Token]]:
    """What stands before the last such word, and what behind it."""
    at = max(index for index, t in enumerate(member) if t.kind == "word" and t.text.lower() in _ELSEWHERE)
    return member[:at], member[at + 1 :]


def _operates(member: Sequence[Token]) -> bool:
    """Whether there is an operator; the sign of an exponent is none."""
    return any(token.text in _OPERATORS and before.text != "^" for before, token in pairwise(member))


def looks_like_arithmetic(clause: str) -> bool:
    """Whether a clause that has no tokens would compute something: ``3 × [4 + 5] = 27``."""
    left, mark, right = clause.replace("≈", "=").partition("=")
    computes = any(c in left for c in "×*/+") and sum(c.isdigit() for c in left) > 1
    return bool(mark) and computes and any(c.isdigit() for c in right)
