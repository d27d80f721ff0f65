"""Coverage worked out again, slowly and on its own: plain loops over plain values, FSRS from its published formulas."""

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

# FSRS-6's default parameters, from the algorithm's description.
W = (
    0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796, 1.4835, 0.0614, 0.2629, 1.6483,
    0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542,
)  # fmt: skip
DECAY = -W[20]
FACTOR = 0.9 ** (1 / DECAY) - 1


@dataclass(frozen=True)
class Answer:
    question: str
    time: int
    ease: int
    kind: int
    interval: int
    last: int
    factor: int
    taken: int


def forgetting(days: float, stability: float) -> float:
    return float((1 + FACTOR * days / stability) ** DECAY)


def difficulty_at_first(grade: int) -> float:
    return W[4] - math.exp(W[5] * (grade - 1)) + 1


def bounded(difficulty: float) -> float:
    return min(max(difficulty, 1.0), 10.0)


def stability_after(answers: list[tuple[int, int]]) -> float:
    """Of (day, grade) pairs."""
    stability = difficulty = 0.0
    before = None
    for day, grade in answers:
        if before is None:
            stability, difficulty = W[grade - 1], bounded(difficulty_at_first(grade))
        else:
            away = day - before
            if away == 0:
                growth = math.exp(W[17] * (grade - 3 + W[18])) * stability ** -W[19]
                stability *= max(growth, 1.0) if grade >= 2 else growth
            else:
                r = forgetting(away, stability)
                if grade == 1:
                    long = W[11] * difficulty ** -W[12] * ((stability + 1) ** W[13] - 1) * math.exp(W[14] * (1 - r))
                    stability = min(long, stability / math.exp(W[17] * W[18]))
                else:
                    bonus = (W[15] if grade == 2 else 1) * (W[16] if grade == 4 else 1)
                    gain = math.exp(W[8]) * (11 - difficulty) * stability ** -W[9]
                    stability *= 1 + gain * (math.exp(W[10] * (1 - r)) - 1) * bonus
            change = -W[6] * (grade - 3) * (10 - difficulty) / 9
            difficulty = bounded(W[7] * difficulty_at_first(4) + (1 - W[7]) * (difficulty + change))
        stability, before = max(stability, 0.001), day
    return stability


def day_of(milliseconds: int, zone: tzinfo, rollover: int) -> int:
    """Days since 1970, by the calendar and the clock on the wall."""
    there = datetime.fromtimestamp(milliseconds // 1000, UTC).astimezone(zone).replace(tzinfo=None)
    return (there - timedelta(hours=rollover) - datetime(1970, 1, 1)).days


def daily(answers: list[Answer], zone: tzinfo, rollover: int) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = defaultdict(
        lambda: dict.fromkeys(("reviews", "passed", "minutes", "new"), 0.0)
    )
    seen = set()
    for answer in sorted(answers, key=lambda a: a.time):
        if answer.ease == 0 or answer.kind in (4, 5):
            continue
        row = found[day_of(answer.time, zone, rollover)]
        row["reviews"] += 1
        row["passed"] += answer.ease > 1
        row["minutes"] += answer.taken / 60_000
        row["new"] += answer.question not in seen
        seen.add(answer.question)
    return dict(found)


def retention(answers: list[Answer], zone: tzinfo, rollover: int) -> dict[str, dict[str, list[int]]]:
    """[answers, passed] by month, young and mature."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: {"young": [0, 0], "mature": [0, 0]})
    for a in answers:
        if a.ease == 0 or a.kind in (4, 5, 9) or (a.kind == 3 and a.factor == 0):
            continue
        if a.kind == 1 or a.last >= 1 or a.last <= -86_400:
            month = (datetime(1970, 1, 1) + timedelta(days=day_of(a.time, zone, rollover))).strftime("%Y-%m")
            counts = found[month]["mature" if a.last >= 21 else "young"]
            counts[0] += 1
            counts[1] += a.ease > 1
    return dict(found)


def curve(answers: list[Answer], zone: tzinfo, rollover: int) -> dict[int, tuple[int, int]]:
    """(seen, mature) at the end of each day with an answer."""
    state: dict[str, int] = {}
    found = {}
    for a in sorted(answers, key=lambda a: a.time):
        if a.ease and a.kind not in (4, 5):
            state[a.question] = a.interval
            found[day_of(a.time, zone, rollover)] = (len(state), sum(i >= 21 for i in state.values()))
    return found


def cell(rows: list[Any]) -> dict[str, Any]:
    attempts = sum(row.attempts for row in rows)
    return {
        "questions": len(rows),
        "seen": sum(row.last_seen is not None for row in rows),
        **{stage: sum(row.stage == stage for row in rows) for stage in ("learning", "young", "mature")},
        "reviews": attempts,
        "success_rate": sum(row.passed for row in rows) / attempts if attempts else None,
        "expected_recall": sum(row.recall for row in rows),
    }
