"""Which deck of the learner's stands for a deck of the recipe's, after they renamed, moved or merged some. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

SEPARATOR = "::"


def lineage(name: str) -> list[str]:
    """A deck's name after those of the decks above it, from the top."""
    parts = name.split(SEPARATOR)
    return [SEPARATOR.join(parts[:depth]) for depth in range(1, len(parts) + 1)]


class Places:
    """Finds the learner's name for a recipe's deck path.

    In this order: the deck that we made for that path, whatever it is called now; where most of the cards that belong
    there are; the nearest parent for which one of these is known, and the rest of the path below it.

    Args:
        decks: all deck names in the collection, by id.
        made: the ids of the decks that we made or found, by path.
        cards: for each card that we know of, the path it belongs to and the name of the deck it is in.
    """

    def __init__(self, decks: Mapping[int, str], made: Mapping[str, int], cards: Iterable[tuple[str, str]]) -> None:
        self._names = {name.casefold(): name for name in decks.values()}
        self._known = _majorities(cards)
        for path, number in made.items():
            if number in decks:
                self._known[path] = decks[number]
        self._resolved: dict[str, str] = {}

    def of(self, path: str) -> str:
        """The learner's deck for a path; a name that is not in the collection yet where there is none."""
        if path not in self._resolved:
            self._resolved[path] = self._resolve(path)
        return self._resolved[path]

    def exists(self, name: str) -> bool:
        return name.casefold() in self._names

    def _resolve(self, path: str) -> str:
        if path in self._known:
            return self._known[path]
        parent, separator, last = path.rpartition(SEPARATOR)
        name = f"{self.of(parent)}{SEPARATOR}{last}" if separator else path
        # Anki takes names that differ only in case for the same.
        return self._names.get(name.casefold(), name)


def _majorities(cards: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Where more than half of each path's cards are; parents are seen by what their children were renamed to."""
    votes: dict[str, Counter[str]] = {}
    for (path, name), count in Counter(cards).items():
        ours, theirs = path.split(SEPARATOR), name.split(SEPARATOR)
        while ours and theirs:
            votes.setdefault(SEPARATOR.join(ours), Counter())[SEPARATOR.join(theirs)] += count
            if ours.pop() != theirs.pop():
                break
    found = {}
    for path, counter in votes.items():
        name, count = counter.most_common(1)[0]
        if 2 * count > counter.total():
            found[path] = name
    return found
