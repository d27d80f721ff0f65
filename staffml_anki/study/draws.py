"""Which questions: of the day, of an interview, the weakest first. Pure; what looks random is a hash or has a seed."""

import hashlib
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from staffml_anki.reviews.days import number_of
from staffml_anki.vault import Placed, QuestionId
from staffml_anki.vault.axes import level_rank

PER_DAY = 3
MOST_TURNS = 30
"""Days after which a question of the day may come again, where the vault is large enough."""


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()


def of_the_day(questions: Mapping[QuestionId, Placed], day: date) -> tuple[QuestionId, ...]:
    """Three questions, the same for everybody who has these questions: of as many tracks and levels as there are.

    The questions take turns: only every n-th, by a hash of their ids, may come on one day, so that none comes again
    within n days. From those a hash of id and day draws, each time as far from what is drawn already as possible: one
    of the lower, the middle and the upper levels, and of another track.
    """
    turns = max(1, min(MOST_TURNS, len(questions) // (2 * PER_DAY)))
    in_order = sorted(questions, key=lambda key: _digest(key))
    pool = sorted(in_order[number_of(day) % turns :: turns], key=lambda key: _digest(day.isoformat(), key))
    chosen: list[Placed] = []
    while pool and len(chosen) < PER_DAY:
        key = min(pool, key=lambda key: _likeness(questions[key], chosen))  # the first of the best
        pool.remove(key)
        chosen.append(questions[key])
    return tuple(q.id for q in sorted(chosen, key=lambda q: (level_rank(q.level), q.id)))


def _likeness(question: Placed, others: Sequence[Placed]) -> tuple[int, int]:
    band = level_rank(question.level) // 2
    return (
        sum(band == level_rank(other.level) // 2 for other in others),
        sum(question.track == other.track for other in others),
    )


def stratified(
    questions: Mapping[QuestionId, Placed], count: int, seed: int | str, avoid: Collection[QuestionId] = ()
) -> tuple[QuestionId, ...]:
    """Up to ``count`` questions, spread over competency areas as evenly as these have questions, in random order.

    Args:
        seed: equal arguments give equal draws.
        avoid: questions that come only where there are no others.
    """
    chance = random.Random(f"gauntlet/{seed}")  # noqa: S311 - a draw, not a secret
    by_area: dict[str, list[QuestionId]] = {}
    for key in sorted(questions):
        by_area.setdefault(questions[key].area, []).append(key)
    for keys in by_area.values():
        chance.shuffle(keys)
        keys.sort(key=lambda key: key not in avoid)  # fresh ones last, where they are popped
    areas = sorted(by_area)
    chance.shuffle(areas)
    chosen: list[QuestionId] = []
    for fresh in (True, False):  # an area's used ones only when no area has a fresh one left
        while len(chosen) < count:
            taken = [
                by_area[area].pop() for area in areas if by_area[area] and (by_area[area][-1] not in avoid) is fresh
            ]
            if not taken:
                break
            chosen += taken
    chosen = chosen[:count]
    chance.shuffle(chosen)
    return tuple(chosen)


def weakest_first(
    questions: Iterable[Placed], recall: Mapping[QuestionId, float], practised: Mapping[QuestionId, tuple[int, int]]
) -> tuple[QuestionId, ...]:
    """Questions by what is known of them, the least first.

    The probability of recall decides; where it is the same (0 for all that was never reviewed), how well the topic is
    known as a whole, then the level. What was practised before comes later the better it went, whatever Anki knows.

    Args:
        recall: of each question, between 0 and 1; without an entry, 0.
        practised: (last score, time of it) by question.
    """
    rows = list(questions)
    totals: dict[str, tuple[float, int]] = {}
    for question in rows:
        total, count = totals.get(question.topic, (0.0, 0))
        totals[question.topic] = total + recall.get(question.id, 0.0), count + 1

    def rank(question: Placed) -> tuple[float, float, int, int, QuestionId]:
        score, at = practised.get(question.id, (0, 0))
        known = max(recall.get(question.id, 0.0), score / 4)
        total, count = totals[question.topic]
        return round(known, 6), round(total / count, 6), level_rank(question.level), at, question.id

    return tuple(question.id for question in sorted(rows, key=rank))
