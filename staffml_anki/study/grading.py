"""Scores of practice as answers in Anki, each at most once, whatever breaks in between.

1 is Again, 2 Hard, 3 Good; 0 is none. A score is marked as being sent before it is; should nobody know whether it
arrived, the card's own reviews say so the next time. Where a card was answered in Anki after it was practised, Anki
knows better, and the score is not sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from staffml_anki.anki import shapes, tags
from staffml_anki.anki.errors import AnkiError
from staffml_anki.anki.gateway import Gateway, batches
from staffml_anki.anki.held import HeldNote, HeldNotetype
from staffml_anki.anki.snapshot import read_notes, read_notetype
from staffml_anki.reviews.practice import Practised
from staffml_anki.study.notebook import Notebook
from staffml_anki.vault import QuestionId

EASE_OF_SCORE = {1: 1, 2: 2, 3: 3}
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Ungraded:
    """A score that Anki did not get, and why."""

    question: QuestionId
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Graded:
    """What became of some scores.

    Attributes:
        given: answered in Anki, now or in an attempt before this.
        listed: could not be given; they wait for the next time.
        superseded: will never be given, because a later answer says more.
    """

    given: tuple[QuestionId, ...] = ()
    listed: tuple[Ungraded, ...] = ()
    superseded: tuple[QuestionId, ...] = ()


def give_grades(gateway: Gateway, notebook: Notebook, practised: Sequence[Practised]) -> Graded:
    """Answer cards in Anki as they were scored.

    Args:
        practised: scores that may be given; of several for one question, only the last is.

    Raises:
        AnkiError: Anki does not answer as it should. What was being sent is found out the next time.
    """
    latest = {each.question: each for each in sorted(practised, key=lambda each: each.time)}
    older = [each for each in practised if latest[each.question] is not each]
    notes = _notes(gateway, list(latest))
    given: list[Practised] = []
    listed: list[Ungraded] = []
    ready: list[tuple[Practised, int]] = []
    reviews = _last_reviews(gateway, [note.cards[0].id for note in notes.values() if note.cards])
    for key, each in latest.items():
        note = notes.get(key)
        last = reviews.get(note.cards[0].id, 0) if note is not None and note.cards else 0
        if each.grade == "sending" and last > each.tried:
            given.append(each)
        elif last > each.time:
            older.append(each)
        elif why := _why_not(note):
            listed.append(Ungraded(key, each.score, why))
        else:
            assert note is not None
            ready.append((each, note.cards[0].id))
    notebook.set_grades(older, "superseded")
    notebook.set_grades(given, "given")
    for part in batches(ready, AT_ONCE):
        notebook.set_sending({each: reviews.get(card, 0) for each, card in part})
        answers = [{"cardId": card, "ease": EASE_OF_SCORE[each.score]} for each, card in part]
        gateway.call("answerCards", answers=answers)
        after = _last_reviews(gateway, [card for _, card in part])
        taken = [each for each, card in part if after.get(card, 0) > reviews.get(card, 0)]
        notebook.set_grades(taken, "given")
        refused = [each for each, _ in part if each not in taken]
        notebook.set_grades(refused, "waiting")
        given += taken
        listed += [Ungraded(each.question, each.score, "Anki did not take the answer") for each in refused]
    return Graded(tuple(e.question for e in given), tuple(listed), tuple(e.question for e in older))


def _why_not(note: HeldNote | None) -> str:
    if note is None:
        return "not in Anki yet"
    if not note.cards:
        return "its note has no card"
    if note.filtered:
        return "in a filtered deck"
    if tags.has(note.tags, tags.LOCKED):
        return "locked: the step before it in its chain comes first"
    return "suspended" if note.suspended else ""


def _notes(gateway: Gateway, questions: Sequence[QuestionId]) -> dict[QuestionId, HeldNote]:
    held = read_notetype(gateway)
    if held is None:
        return {}
    found = gateway.many([("findNotes", {"query": _search(held, key)}) for key in questions])
    numbers: list[int] = []
    for answer in found:
        if isinstance(answer, AnkiError):
            raise answer
        numbers += shapes.ids("findNotes", answer)
    names = {number: name for name, number in gateway.decks().items()}
    notes: dict[QuestionId, HeldNote] = {}
    for note in read_notes(gateway, held, sorted(set(numbers)), names):
        rival = notes.get(note.question)
        if rival is None or note.reviewed > rival.reviewed:
            notes[note.question] = note
    return notes


def _search(held: HeldNotetype, key: QuestionId) -> str:
    escaped = "".join(f"\\{c}" if c in '\\"*_:' else c for c in key)
    return f'mid:{held.id} "{held.fields[0]}:{escaped}"'


def _last_reviews(gateway: Gateway, cards: Sequence[int]) -> dict[int, int]:
    """When each card was last answered, in milliseconds since the epoch."""
    found: dict[int, int] = {}
    for part in batches(cards, 1_000):
        answer = shapes.mapping("getReviewsOfCards", gateway.call("getReviewsOfCards", cards=list(part)))
        for card in part:
            if str(card) not in answer:
                raise shapes.unlike("getReviewsOfCards")
            rows = [shapes.mapping("getReviewsOfCards", row) for row in shapes.items("", answer[str(card)])]
            times = [shapes.number("getReviewsOfCards", row.get("id")) for row in rows if row.get("ease")]
            found[card] = max(times, default=0)
    return found
