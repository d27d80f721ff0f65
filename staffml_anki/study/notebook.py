"""What is kept of studying: sessions, practice and plans, in the file of the history, each change in one transaction.

A session is written after every event, its scores in the same step, so that it can be closed at any moment. Practice is
keyed by question and time: writing a session again adds nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from staffml_anki.reviews.practice import Grade, Mode, Practised, read_practice
from staffml_anki.reviews.progress import kept_of
from staffml_anki.reviews.store import HistoryStore
from staffml_anki.study.plans import StudyPlan
from staffml_anki.study.session import Quit, Session, step
from staffml_anki.vault import QuestionId


class Notebook:
    """The part of a history that studying writes."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store

    @property
    def folder(self) -> Path:
        """Where the history lies: in the folder of its profile."""
        return self._store.path.parent

    @property
    def notices(self) -> list[str]:
        """What the learner should know of the file."""
        return self._store.notices

    @property
    def from_app(self) -> Mapping[str, Any]:
        """What the StaffML app's progress file told of gauntlets, daily challenges and plans."""
        return kept_of(self._store)

    # -- sessions ---------------------------------------------------------------------------------

    def keep(self, session: Session, patience: float = 10) -> None:
        """Write a session as it is, and the scores in it. One that is over stays so, though another terminal goes on.

        Args:
            patience: seconds to wait for somebody else who is writing.

        Raises:
            StaffmlAnkiError: somebody else is writing, or the disk is full; nothing was changed.
        """
        with self._store.writing(patience) as connection:
            connection.execute(
                "INSERT INTO sessions VALUES (?,?,?,?,?) "
                "ON CONFLICT DO UPDATE SET open = excluded.open, state = excluded.state WHERE sessions.open",
                (session.id, session.mode, session.started, session.stage != "over", session.model_dump_json()),
            )
            connection.executemany(
                "INSERT OR IGNORE INTO practice (question, time, score, taken, mode, session, grade) "
                "VALUES (?,?,?,?,?,?,'waiting')",
                [(a.question, a.at, a.score, a.thought, session.mode, session.id) for a in session.scored],
            )

    def open_session(self, mode: Mode) -> Session | None:
        """The latest session of a mode that is not over."""
        return next(iter(self._sessions("mode = ? AND open", mode)), None)

    def give_up(self, mode: Mode, now: int) -> None:
        """End what was left of a mode."""
        for session in self._sessions("mode = ? AND open", mode):
            self.keep(step(session, Quit(), now))

    def sessions(self, mode: Mode) -> list[Session]:
        """Those that are over, the latest first."""
        return self._sessions("mode = ? AND NOT open", mode)

    def session(self, key: str) -> Session | None:
        return next(iter(self._sessions("id = ?", key)), None)

    def _sessions(self, condition: str, value: str) -> list[Session]:
        query = f"SELECT state FROM sessions WHERE {condition} ORDER BY started DESC, id DESC"  # noqa: S608 - ours
        found = []
        for (state,) in self._store.connection.execute(query, (value,)):
            try:
                found.append(Session.model_validate_json(state))
            except ValidationError:
                continue  # written by a version that we do not know
        return found

    # -- practice ---------------------------------------------------------------------------------

    def practice(self) -> list[Practised]:
        """All of it, in order of time."""
        return read_practice(self._store)

    def ungraded(self) -> list[Practised]:
        """Scores that Anki may still get, in order of time."""
        return [each for each in self.practice() if each.grade in ("waiting", "sending")]

    def forget(self, questions: Collection[QuestionId]) -> None:
        """Take questions out of the sessions that are over; one that is not goes as a whole."""
        gone = set(questions)
        with self._store.writing() as connection:
            for (key,) in connection.execute("SELECT id FROM sessions").fetchall():
                session = self.session(key)
                if session is None or not gone & {answer.question for answer in session.answers}:
                    continue
                rest = tuple(answer for answer in session.answers if answer.question not in gone)
                if session.stage == "over" and rest:
                    state = session.model_copy(update={"answers": rest}).model_dump_json()
                    connection.execute("UPDATE sessions SET state = ? WHERE id = ?", (state, key))
                else:
                    connection.execute("DELETE FROM sessions WHERE id = ?", (key,))

    def set_grades(self, practised: Iterable[Practised], grade: Grade) -> None:
        with self._store.writing() as connection:
            rows = [(grade, each.question, each.time) for each in practised]
            connection.executemany("UPDATE practice SET grade = ? WHERE question = ? AND time = ?", rows)

    def set_sending(self, practised: Mapping[Practised, int]) -> None:
        """Scores that are about to be sent, each with the time of its card's last review, by Anki's clock."""
        with self._store.writing() as connection:
            rows = [(last, each.question, each.time) for each, last in practised.items()]
            connection.executemany(
                "UPDATE practice SET grade = 'sending', tried = ? WHERE question = ? AND time = ?", rows
            )

    # -- plans ------------------------------------------------------------------------------------

    def plan(self) -> StudyPlan | None:
        """The plan that is under way."""
        plans = self._plans("ended = 0")
        return plans[0] if plans else None

    def past_plans(self) -> Sequence[StudyPlan]:
        """Those that have ended, the earliest first."""
        return self._plans("ended > 0")[::-1]

    def begin_plan(self, plan: StudyPlan) -> None:
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO plans (name, started, ended, state) VALUES (?,?,0,?)",
                (plan.name, plan.started, plan.model_dump_json()),
            )

    def end_plan(self, at: int) -> None:
        self.give_up("plan", at)
        with self._store.writing() as connection:
            connection.execute("UPDATE plans SET ended = ? WHERE ended = 0", (at,))

    def _plans(self, condition: str) -> list[StudyPlan]:
        query = f"SELECT state FROM plans WHERE {condition} ORDER BY number DESC"  # noqa: S608 - ours
        return [StudyPlan.model_validate_json(state) for (state,) in self._store.connection.execute(query)]
