"""A running Anki → the history, through calls alone: for where its file system is not ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from staffml_anki.anki import shapes, tags
from staffml_anki.anki.errors import AnkiError
from staffml_anki.anki.gateway import Gateway, Json, batches
from staffml_anki.anki.held import HeldNotetype
from staffml_anki.cards import notetype
from staffml_anki.reviews.collection import LEECH, SLACK, Taken
from staffml_anki.reviews.model import CardState, Kind
from staffml_anki.reviews.store import HistoryStore
from staffml_anki.vault import QuestionId

BATCH = 500
_ROW = ("id", "ease", "type", "ivl", "lastIvl", "factor", "time")
_SEARCHES = {"suspended": "is:suspended", "learning": "is:learn", "review": "is:review", "reviewed": "-is:new"}


@dataclass(frozen=True, slots=True)
class Told:
    """What was asked for, complete before anything is written."""

    states: list[tuple[QuestionId, CardState]]
    reviews: dict[int, list[tuple[int, ...]]]
    """Rows of Anki's revlog without the card, in the order of ``_ROW``, by card."""
    damaged: int


def ask(gateway: Gateway, held: HeldNotetype, now: int, only: Sequence[int] | None = None) -> Told:
    """Everything of our cards, or of some notes.

    Raises:
        AnkiError: Anki does not answer as it should.
    """
    notes = gateway.find_notes(f"mid:{held.id}") if only is None else list(only)
    infos = [info for info in gateway.notes_info(notes) if info.get("modelName") == held.name]
    cards: dict[int, tuple[QuestionId, list[str]]] = {}
    for info in infos:
        fields = shapes.mapping("notesInfo", info.get("fields"))
        first = shapes.mapping("notesInfo", fields.get(notetype.FIELDS[0]))
        question = QuestionId(shapes.text("notesInfo", first.get("value")))
        tagged = shapes.texts("notesInfo", info.get("tags"))
        cards.update((card, (question, tagged)) for card in shapes.ids("notesInfo", info.get("cards")))
    marks = {
        name: frozenset(shapes.ids("findCards", found))
        for name, found in zip(
            _SEARCHES,
            gateway.all_of(*(("findCards", {"query": f"mid:{held.id} {search}"}) for search in _SEARCHES.values())),
            strict=True,
        )
    }
    reviews: dict[int, list[tuple[int, ...]]] = {}
    damaged = 0
    for part in batches(list(cards), BATCH):
        answer = shapes.mapping("getReviewsOfCards", gateway.call("getReviewsOfCards", cards=list(part)))
        for card, rows in answer.items():
            sound = [row for each in shapes.items("getReviewsOfCards", rows) if (row := _row(each)) is not None]
            damaged += len(rows) - len(sound)
            reviews[int(card) if card.isdecimal() else 0] = sound
    changed = _changed(gateway, list(cards))
    states = [
        (question, _state(card, tagged, marks, reviews.get(card, []), changed.get(card, now)))
        for card, (question, tagged) in cards.items()
    ]
    return Told(states, reviews, damaged)


def _changed(gateway: Gateway, cards: Sequence[int]) -> dict[int, int]:
    """When cards were changed, in seconds since the epoch: only so can what a file says be told to be newer."""
    action = "cardsModTime"
    if not gateway.can(action):
        return {}
    rows = [
        shapes.mapping(action, row)
        for part in batches(cards, BATCH)
        for row in shapes.items(action, gateway.call(action, cards=list(part)))
    ]
    # A card that has gone meanwhile is an empty one.
    return {shapes.number(action, row.get("cardId")): shapes.number(action, row.get("mod")) for row in rows if row}


def _row(raw: Json) -> tuple[int, ...] | None:
    if not isinstance(raw, dict):
        raise AnkiError("the answer to 'getReviewsOfCards' is not AnkiConnect's")
    values = tuple(value for name in _ROW if isinstance(value := raw.get(name), int) and abs(value) < 2**43)
    if len(values) != len(_ROW):
        return None
    number, ease, kind = values[:3]
    return values if number > 0 and 0 <= ease <= 4 and 0 <= kind <= Kind.RESCHEDULED else None


def _state(
    card: int, tagged: list[str], marks: dict[str, frozenset[int]], reviews: list[tuple[int, ...]], changed: int
) -> CardState:
    """A card's state as far as searches and its own reviews tell it; FSRS's memory they do not."""
    interval = max(max(reviews)[3], 0) if reviews else 0
    if card in marks["review"]:
        kind = 2
    elif card in marks["learning"]:
        kind = 3 if any(row[2] == Kind.RELEARN for row in reviews) else 1
    else:
        # Suspended cards are in neither search.
        kind = (2 if interval > 0 else 1) if card in marks["reviewed"] else 0
    return CardState(
        card=card,
        changed=changed,
        type=kind,
        queue=-1 if card in marks["suspended"] else kind,
        interval=interval if kind >= 2 else 0,
        reps=sum(row[1] > 0 for row in reviews),
        lapses=sum(row[1] == 1 and row[2] == Kind.REVIEW for row in reviews),
        leech=tags.has(tagged, LEECH),
        retired=tags.has(tagged, tags.RETIRED),
    )


def take_told(store: HistoryStore, pull: int, told: Told, now: int, taken: Taken) -> None:
    """Add it, in the transaction that is open."""
    numbers = store.numbers({question for question, _ in told.states})
    of_card = {state.card: numbers[question] for question, state in told.states}
    latest = (now + SLACK) * 1000
    rows = [
        (of_card[card], number, ease, kind, interval, last, factor, time)
        for card, each in told.reviews.items()
        if card in of_card
        for number, ease, kind, interval, last, factor, time in each
        if number <= latest
    ]
    new = store.add_reviews(rows)
    taken.future += sum(len(each) for card, each in told.reviews.items() if card in of_card) - len(rows)
    taken.reviews += new
    taken.known += len(rows) - new
    taken.damaged += told.damaged
    taken.cards += len(told.states)
    taken.questions += len(numbers)
    known = store.latest_cards()
    states = ((numbers[question], _with_known(state, known)) for question, state in told.states)
    taken.changed += store.add_states(pull, states, now)


def _with_known(state: CardState, known: Mapping[int, tuple[int, CardState]]) -> CardState:
    """What an earlier pull from a file says of the card, which is more: all of it where the card has not changed since,
    FSRS's memory where it was not answered since."""
    _, old = known.get(state.card, (0, state))
    if old.reps != state.reps:
        return state
    if old.changed == state.changed and not old.gone:
        return replace(old, leech=state.leech, retired=state.retired)  # tags are the note's
    if old.stability is None:
        return state
    memory = {name: getattr(old, name) for name in ("stability", "difficulty", "decay", "last_review")}
    return replace(state, **memory)
