"""Practice: questions answered outside of Anki, scored by the learner. In the history, and told apart from reviews."""

from dataclasses import dataclass
from typing import Literal

from staffml_anki.reviews.store import HistoryStore
from staffml_anki.vault import QuestionId

type Mode = Literal["practice", "daily", "gauntlet", "plan", "chain"]
type Grade = Literal["waiting", "sending", "given", "superseded"]
"""What became of a score in Anki: not sent yet; being sent, and nobody knows whether it arrived; answered there; never
to be sent, because a later answer says more."""


@dataclass(frozen=True, slots=True)
class Practised:
    """A question that was scored 1 wrong, 2 partial or 3 nailed.

    ``time`` is in milliseconds since the epoch, ``taken`` in milliseconds; ``tried`` is when the card had last been
    answered in Anki as the score was sent, in milliseconds by Anki's clock.
    """

    question: QuestionId
    time: int
    score: int
    taken: int
    mode: Mode
    session: str
    grade: Grade
    tried: int = 0


def read_practice(store: HistoryStore) -> list[Practised]:
    """All of it, in order of time."""
    rows = store.connection.execute(
        "SELECT question, time, score, taken, mode, session, grade, tried FROM practice ORDER BY time, question"
    )
    return [Practised(*row) for row in rows]
