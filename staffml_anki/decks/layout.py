"""Where each note goes: the decks of a recipe, in order, as a value."""

import html
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from staffml_anki.cards.note import chain_title
from staffml_anki.decks.recipe import OrderKey, Recipe, compile_template, render
from staffml_anki.errors import RecipeError
from staffml_anki.vault import Chain, Membership, Question, QuestionId, Vault
from staffml_anki.vault.axes import AREAS, LEVEL_NAMES, TRACK_NAMES, TRACKS, ZONES, level_rank, topic_name
from staffml_anki.vault.select import Selection, select

SEPARATOR = "::"
MAX_PART = 100
"""Characters in one part of a deck's name that comes from the vault's texts."""


@dataclass(frozen=True, slots=True)
class Deck:
    """A deck with the questions whose cards lie directly in it, in the order in which new cards come."""

    name: str
    description: str
    questions: tuple[QuestionId, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """All decks of a build, parents before children, each question in exactly one.

    Parents that hold nothing but chain decks are left out on purpose: Anki makes a missing parent itself and, unlike
    one that it imports, makes it collapsed.
    """

    decks: tuple[Deck, ...]
    chain_names: Mapping[str, str]
    """The last part of each chain deck's name: kept in the manifest, so that it stays from release to release."""

    @property
    def questions(self) -> int:
        return sum(len(deck.questions) for deck in self.decks)


def lay_out(vault: Vault, recipe: Recipe, narrow: Selection, chain_names: Mapping[str, str] | None = None) -> Layout:
    """Decide every card's deck.

    Args:
        narrow: what to keep of the recipe's own selection.
        chain_names: names given to chain decks before, by chain id.

    Raises:
        RecipeError: a template fails, or gives a path that is not a deck's.
    """
    chosen = select(vault, recipe.select)
    chosen = {key: q for key, q in select(vault, narrow).items() if key in chosen}
    places = vault.memberships
    names = name_chains(vault, chain_names or {})
    paths = _Paths(vault, recipe, names)
    members: dict[str, list[tuple[tuple[Any, ...], QuestionId]]] = {}
    chain_decks: set[str] = set()
    for key, question in chosen.items():
        home = places[key][0] if key in places else None
        path, in_chain = paths.of(question, home)
        # In a chain deck the steps come in order, whatever the recipe's own order says.
        position = (home.position,) if in_chain and home else ()
        members.setdefault(path, []).append(((*position, *_order(recipe.order, question, home)), key))
        if in_chain:
            chain_decks.add(path)
    return Layout(tuple(_decks(vault, recipe, members, chain_decks)), names)


def name_chains(vault: Vault, earlier: Mapping[str, str]) -> dict[str, str]:
    """A name for each chain: for people, unique, and the same as before wherever there was one.

    Anki matches decks by name, and existing cards never move: a renamed chain deck would tear a chain in two. So a
    name once given stays, even when the chain has grown; a new one is its topic and what it climbs, and where that is
    taken, the title of its first step tells it apart.
    """
    names: dict[str, str] = {chain.id: _part(earlier[chain.id]) for chain in vault.chains if chain.id in earlier}
    # Also the names of chains that are gone: they may come back, and their cards are still in their decks.
    taken = {name.casefold() for name in earlier.values()}
    for chain in vault.chains:
        if chain.id not in names:
            name = next(n for n in _candidates(vault, chain) if n.casefold() not in taken)
            names[chain.id] = name
            taken.add(name.casefold())
    return names


def _candidates(vault: Vault, chain: Chain) -> Iterable[str]:
    title = _part(chain_title(vault, chain))
    yield title
    longer = _part(f"{title} · {vault.questions[chain.steps[0]].title}")
    yield longer
    yield from (f"{longer} ({number})" for number in range(2, 100_000))


@lru_cache(maxsize=10_000)
def _part(text: str) -> str:
    """A text as one part of a deck name: no separator in it, no characters that Anki drops."""
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text.replace('"', "'"))
    while SEPARATOR in visible:
        visible = visible.replace(SEPARATOR, ":")
    short = " ".join(visible.split())
    short = short if len(short) <= MAX_PART else short[: MAX_PART - 1].rstrip() + "…"
    return short.strip(": ") or "unnamed"


class _Paths:
    """Renders a recipe's deck paths, each distinct one once."""

    def __init__(self, vault: Vault, recipe: Recipe, names: Mapping[str, str]) -> None:
        self._recipe = recipe
        self._vault = vault
        self._names = names
        self._deck = compile_template(recipe, "deck")
        self._chain_deck = compile_template(recipe, "chain_deck") if recipe.chain_deck else None
        self._known: dict[tuple[object, ...], str] = {}
        self._spellings: dict[str, str] = {}

    def of(self, question: Question, home: Membership | None) -> tuple[str, bool]:
        """(deck path, whether it is a chain's deck)."""
        in_chain = self._chain_deck is not None and home is not None
        identity: tuple[object, ...] = (
            (home.chain.id,)
            if in_chain and home
            else (question.track, question.level, question.area, question.topic, question.zone, question.phase)
        )
        if identity not in self._known:
            self._known[identity] = self._path(question, home if in_chain else None)
        return self._known[identity], in_chain

    def _path(self, question: Question, chain: Membership | None) -> str:
        if chain is not None:
            # A chain lies where its first step does, so that no chain is torn between two parents.
            question = self._vault.questions[chain.chain.steps[0]]
        values = {
            "track": question.track,
            "track_name": TRACK_NAMES[question.track],
            "level": question.level,
            "level_name": LEVEL_NAMES[question.level],
            "area": question.area,
            "topic": _part(question.topic),
            "topic_name": _part(topic_name(question.topic)),
            "zone": question.zone or "no zone",
            "phase": question.phase or "no phase",
        }
        key, template = "deck", self._deck
        if chain is not None and self._chain_deck is not None:
            values |= {"topic": _part(chain.chain.topic), "topic_name": _part(topic_name(chain.chain.topic))}
            values["chain"] = self._names[chain.chain.id]
            key, template = "chain_deck", self._chain_deck
        return self._one_spelling(_valid_path(self._recipe, key, render(self._recipe, key, template, values)))

    def _one_spelling(self, path: str) -> str:
        """Anki takes names that differ only in case for the same: every deck keeps the spelling it first had."""
        spelt = ""
        for part in path.split(SEPARATOR):
            name = f"{spelt}{SEPARATOR}{part}" if spelt else part
            spelt = self._spellings.setdefault(name.casefold(), name)
        return spelt


def _valid_path(recipe: Recipe, key: str, path: str) -> str:
    parts = path.split(SEPARATOR)
    fault = ""
    if not path:
        fault = "an empty path"
    elif ":::" in path or any(not part.strip() or part != part.strip(": ") for part in parts):
        fault = f"the path '{path}', in which a part is empty or begins or ends with a colon or a space"
    elif '"' in path or any(unicodedata.category(c) == "Cc" for c in path):
        fault = f"the path {path!r}, which holds a quote or a control character"
    elif len(path.encode()) > 1000:
        fault = f"a path of {len(path)} characters"
    if fault:
        raise RecipeError(f"recipe {recipe.name}: {key} gives {fault}; a path is like StaffML::cloud::L4")
    return unicodedata.normalize("NFC", path)


def _order(keys: tuple[OrderKey, ...], question: Question, home: Membership | None) -> tuple[Any, ...]:
    ranks: dict[str, Any] = {
        "track": TRACKS.index(question.track),
        "level": level_rank(question.level),
        "area": AREAS.index(question.area),
        "topic": question.topic,
        "zone": ZONES.index(question.zone) if question.zone else len(ZONES),
        "chain": (home.chain.id, home.position) if home else ("\uffff", 0),
        "title": question.title.casefold(),
        "id": question.id,
    }
    return (*(ranks[key] for key in keys), question.id)


def _decks(
    vault: Vault,
    recipe: Recipe,
    members: Mapping[str, list[tuple[tuple[Any, ...], QuestionId]]],
    chain_decks: set[str],
) -> Iterable[Deck]:
    """Decks with cards and the parents they need, with descriptions that count whole subtrees."""
    template = compile_template(recipe, "description")
    counts: dict[str, int] = {}
    direct_children: dict[str, set[str]] = {}
    for path, cards in members.items():
        for name in _lineage(path):
            counts[name] = counts.get(name, 0) + len(cards)
            if SEPARATOR in name:
                direct_children.setdefault(name.rpartition(SEPARATOR)[0], set()).add(name)
    only_chains = {
        name
        for name, children in direct_children.items()
        if name not in members and SEPARATOR in name and children <= chain_decks
    }
    for name in sorted(counts.keys() - only_chains, key=lambda name: name.split(SEPARATOR)):
        # A description is HTML: the recipe's own markup counts, the vault's texts are text.
        values = {
            "deck": html.escape(name),
            "title": html.escape(recipe.title),
            "count": counts[name],
            "release": html.escape(vault.release.id),
            "released": vault.release.created.date().isoformat() if vault.release.created else "",
            "source": html.escape(vault.release.source),
            "attribution": html.escape(vault.release.attribution),
            "licence": html.escape(vault.release.licence),
        }
        ordered = tuple(key for _, key in sorted(members.get(name, ())))
        yield Deck(name, render(recipe, "description", template, values), ordered)


def _lineage(path: str) -> Iterable[str]:
    parts = path.split(SEPARATOR)
    return (SEPARATOR.join(parts[:depth]) for depth in range(1, len(parts) + 1))
