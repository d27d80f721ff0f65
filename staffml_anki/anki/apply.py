"""Doing what a plan says: bulk through a small package, the rest, and everything where packages do not work, by calls.

Every step may be repeated: a note is found by its question's id, a package changes a note only where it is newer, and
what is already so is left so. So a sync that was stopped anywhere is finished by the next one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from staffml_anki.anki import tags
from staffml_anki.anki.calls import (
    CARDS_AT_ONCE,
    Workshop,
    as_they_are,
    change_deck,
    make_decks,
    tags_after,
    write_by_calls,
)
from staffml_anki.anki.errors import AnkiClosedError, AnkiError
from staffml_anki.anki.gateway import Gateway, batches
from staffml_anki.anki.held import HeldNote, HeldNotetype, Snapshot
from staffml_anki.anki.places import lineage
from staffml_anki.anki.plan import NoteChange, Plan
from staffml_anki.anki.snapshot import MEDIA
from staffml_anki.cards.note import Media, guid_of
from staffml_anki.cards.notetype import FIELDS, ID, TEMPLATE
from staffml_anki.package.writer import Contents, PackedDeck, PackedNote, model_json, note_ids, package_bytes

OLDEST = ID // 1_000
"""Seconds since the epoch: when the note type was made, and so before any note of ours."""
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Applied:
    """How a plan was carried out, as far as reading notes back does not show it.

    Attributes:
        packages: whether a package was imported.
        described: decks whose description was written, by the import or by us.
    """

    packages: bool
    described: frozenset[str]


def apply_plan(plan: Plan, shop: Workshop) -> Applied:
    """Carry out a plan. Which notes it took to shows when they are read back, not here.

    Raises:
        AnkiError: Anki is gone, or does not answer as it should; the next sync goes on from there.
    """
    # Before the tags that say so go: stopped in between, the next sync still sees what is to be restored or opened.
    suspend(plan.changes, shop, wish=False)
    _change_notetype(plan, shop)
    # A package would bring the note type as it was before fields were put back, and so a second one.
    no_package = shop.package is None or plan.notetype.added
    by_calls = list(plan.changes) if no_package else _through_package(plan, shop)
    packages = len(by_calls) < len(plan.changes)
    write_by_calls(by_calls, shop)
    _store_media(plan, shop)
    described = _describe(plan, shop, packages=packages)
    _give_options(plan, shop)
    _move(plan.changes, shop)
    suspend(plan.changes, shop, wish=True)
    return Applied(packages, described)


def try_again(changes: Sequence[NoteChange], shop: Workshop) -> None:
    """Everything about some notes once more, by calls; ``shop.snapshot`` holds them as they are by now."""
    suspend(changes, shop, wish=False)
    write_by_calls(changes, shop)
    _move(changes, shop)
    suspend(changes, shop, wish=True)


# -- the note type --------------------------------------------------------------------------------


def _change_notetype(plan: Plan, shop: Workshop) -> None:
    change, gateway, held = plan.notetype, shop.gateway, shop.snapshot.notetype
    if held is None:
        return  # it comes with the package, or with the first notes
    if change.front is not None or change.back is not None:
        name = held.template
        sides = held.templates[name]
        texts = {"Front": change.front or sides[0], "Back": change.back or sides[1]}
        shop.say("card template")
        gateway.call("updateModelTemplates", model={"name": held.name, "templates": {name: texts}})
    if change.css is not None:
        gateway.call("updateModelStyling", model={"name": held.name, "css": change.css})
    for name in change.added:
        gateway.call("modelFieldAdd", modelName=held.name, fieldName=name)


# -- through a package ----------------------------------------------------------------------------


def _through_package(plan: Plan, shop: Workshop) -> list[NoteChange]:
    """Write notes through a package; what is left for calls is given back."""
    held = shop.snapshot.notetype
    model = _model(held, shop)
    packed: list[PackedNote] = []
    rest: list[NoteChange] = []
    numbers = note_ids([change.question for change in plan.changes if not change.note])
    # Anki updates a note whose GUID comes again and newer. Where we cannot see every GUID, what we add is the oldest.
    seen = all(note.guid for note in (*shop.snapshot.notes.values(), *shop.snapshot.copies))
    born = shop.now if seen else OLDEST
    for change in plan.changes:
        note = shop.snapshot.notes.get(change.question)
        writes = change.fields or change.tags_added or change.tags_removed
        if model is None or (note is not None and (not note.guid or note.mod > shop.now)):
            rest.append(change)  # also what was changed by a clock that is ahead: a later edit would look older
        elif note is None:
            packed.append(_new_row(change, numbers[change.question], born, held, shop))
        elif writes:
            fields = _fields_after(change, note, shop.snapshot)
            # No newer than it must be: what the learner has done to the note since we looked is newer, and stays.
            packed.append(PackedNote(note.id, note.guid, note.mod + 1, tags_after(change, note), fields, None))
    decks = _packed_decks(plan, shop.snapshot)
    if model is None or not packed:
        return rest
    media = [Media(name, shop.wanted.media[name]) for name in _media_of(plan, shop)]
    contents = Contents(
        model=model,
        decks=decks,
        notes=sorted(packed, key=lambda row: row.number),
        media=media,
        mod=shop.now,
        # A preset that is in the collection is the learner's: ours comes with our first deck, and never again.
        preset=shop.wanted.preset if any(deck.with_preset for deck in decks) else None,
        compressed=False,
    )
    assert shop.package is not None
    shop.say(f"package of {len(packed):,} notes")
    shop.package.write_bytes(package_bytes(contents))
    try:
        shop.gateway.import_package(str(shop.package))
    except AnkiClosedError:
        raise
    except AnkiError:
        # Anki cannot read our files, or this build's import fails: the same by calls. What was imported all the same is
        # there by now, and adding it again is refused by its id.
        return list(plan.changes)
    finally:
        shop.package.unlink(missing_ok=True)
    return rest


def _model(held: HeldNotetype | None, shop: Workshop) -> Mapping[str, object] | None:
    """The note type to put into the package: the collection's own, so that none is added beside it, and not newer."""
    if held is None:
        return model_json(shop.templates, shop.now)
    if held.model is not None:
        return {**held.model, "mod": 0}
    if held.id == ID and held.fields == FIELDS and list(held.templates) == [TEMPLATE]:
        return model_json(shop.templates, 0) | {"name": held.name}
    return None


def _new_row(change: NoteChange, number: int, mod: int, held: HeldNotetype | None, shop: Workshop) -> PackedNote:
    note = shop.wanted.notes[change.question]
    fields = tuple(note.fields)
    if held is not None and held.fields != FIELDS:
        texts = dict(zip(FIELDS, fields, strict=True))
        fields = tuple(texts.get(name, "") for name in held.fields)
    return PackedNote(number, guid_of(change.question), mod, change.tags_added, fields, change.deck, note.due)


def _packed_decks(plan: Plan, snapshot: Snapshot) -> list[PackedDeck]:
    new = {deck.name: deck for deck in plan.new_decks if deck.name.casefold() not in snapshot.deck_ids}
    names = sorted({change.deck for change in plan.of_kind("added")} | new.keys())
    return [
        PackedDeck(name, new[name].description, with_preset=not new[name].like) if name in new else PackedDeck(name)
        for name in names
    ]


def _media_of(plan: Plan, shop: Workshop) -> Iterable[str]:
    """The missing files that notes of the package show."""
    written = {
        shop.wanted.notes[c.question].media
        for c in plan.changes
        if c.question in shop.wanted.notes and (c.fields or not c.note)
    }
    return sorted(written & set(plan.media))


def _fields_after(change: NoteChange, note: HeldNote, snapshot: Snapshot) -> tuple[str, ...]:
    assert snapshot.notetype is not None
    after = {each.field: each.after for each in change.fields}
    return tuple(after.get(name, text) for name, text in zip(snapshot.notetype.fields, note.fields, strict=False))


# -- media, decks, cards --------------------------------------------------------------------------


def _store_media(plan: Plan, shop: Workshop) -> None:
    if not plan.media:
        return
    there = shop.gateway.media_files(MEDIA)
    for name in plan.media:
        if name not in there:
            shop.gateway.store_media(name, shop.wanted.media[name])


def _describe(plan: Plan, shop: Workshop, *, packages: bool) -> frozenset[str]:
    """Write the decks' descriptions. An import gives them to the decks that it makes: those of new cards, and above."""
    filled = {change.deck for change in plan.of_kind("added")} if packages else set()
    above = {deck for name in filled for deck in lineage(name)}
    new = {deck.name: deck.description for deck in plan.new_decks if deck.description}
    imported = {name for name in new if name in above and name.casefold() not in shop.snapshot.deck_ids}
    texts = dict(plan.described)
    if shop.snapshot.can_describe:
        texts |= {name: text for name, text in new.items() if name not in imported}
    if texts:
        make_decks(sorted(texts), shop)
    actions = [("setDeckDescription", {"deck": deck, "description": text}) for deck, text in texts.items()]
    answers = shop.gateway.many(actions)
    return frozenset({deck for deck, answer in zip(texts, answers, strict=True) if answer is True} | imported)


def _give_options(plan: Plan, shop: Workshop) -> None:
    """New decks get the options of the deck they lie in: Anki itself would give them its default ones."""
    likes = sorted({deck.like for deck in plan.new_decks if deck.like})
    if not likes:
        return
    gateway = shop.gateway
    make_decks([deck.name for deck in plan.new_decks], shop)
    answers = gateway.many([("getDeckConfig", {"deck": like}) for like in likes])
    presets = {
        like: answer.get("id")
        for like, answer in zip(likes, answers, strict=True)
        if isinstance(answer, dict) and answer.get("dyn") in (None, False, 0)
    }
    # A deck that a stopped sync made may have got the learner's options since.
    there = [deck.name for deck in plan.new_decks if deck.name.casefold() in shop.snapshot.deck_ids]
    answers = gateway.many([("getDeckConfig", {"deck": name}) for name in there])
    chosen = {
        name for name, answer in zip(there, answers, strict=True) if not isinstance(answer, dict) or answer["id"] != 1
    }
    by_preset: dict[int, list[str]] = defaultdict(list)
    for deck in plan.new_decks:
        preset = presets.get(deck.like)
        if isinstance(preset, int) and preset != 1 and deck.name not in chosen:
            by_preset[preset].append(deck.name)
    list(gateway.many([("setDeckConfigId", {"decks": names, "configId": p}) for p, names in sorted(by_preset.items())]))


def _move(changes: Sequence[NoteChange], shop: Workshop) -> None:
    targets: dict[str, list[int]] = defaultdict(list)
    for change in changes:
        note = shop.snapshot.notes.get(change.question)
        if note is not None and change.deck:
            # Never a card in a filtered deck: `changeDeck` would rip it out.
            targets[change.deck] += [card.id for card in note.cards if not card.filtered]
    if targets:
        shop.say(f"{sum(map(len, targets.values())):,} cards to other decks")
        make_decks(sorted(targets), shop)
        change_deck(targets, shop.gateway)


def suspend(changes: Sequence[NoteChange], shop: Workshop, *, wish: bool) -> None:
    """Suspend (or unsuspend) the cards of those changes that want it."""
    concerned = {change.question for change in changes if change.suspend is wish}
    held = [note for key, note in shop.snapshot.notes.items() if key in concerned]
    if len(held) < len(concerned):
        # Notes that were added just now, to be locked.
        locked, _ = as_they_are(shop.gateway.find_notes(f"tag:{tags.LOCKED}"), shop.gateway)
        there = {note.id for note in shop.snapshot.copies}
        new = concerned - shop.snapshot.notes.keys()
        held += [note for note in locked if note.question in new and note.id not in there]
    cards = [card.id for note in held for card in note.cards if not card.filtered and card.suspended is not wish]
    for part in batches(cards, CARDS_AT_ONCE):
        _until_done("suspend" if wish else "unsuspend", list(part), wish, shop.gateway)


def _until_done(action: str, cards: list[int], wish: bool, gateway: Gateway) -> None:
    """AnkiConnect skips cards while it walks its list, and fails whole on one that is gone: ask, look, ask again."""
    for _ in range(ROUNDS):
        if not cards:
            return
        list(gateway.many([(action, {"cards": cards})]))
        states = gateway.call("areSuspended", cards=cards)
        if not isinstance(states, list) or len(states) != len(cards):
            return
        cards = [card for card, state in zip(cards, states, strict=True) if state is not None and state is not wish]
