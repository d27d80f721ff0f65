"""A session on somebody's desk while nothing can be written: it goes on, and is kept as soon as it can be."""

import sqlite3
from pathlib import Path

import pytest
from desks import NOON, vault_at
from terminal import Terminal

from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews import HistoryStore
from staffml_anki.study.desk import Desk
from staffml_anki.study.notebook import Notebook
from staffml_anki.study.session import Resume, Reveal, Score, Session, Tick, new_session


class Paper:
    """Where a session is kept, unless it is out of reach."""

    def __init__(self) -> None:
        self.kept: list[Session] = []
        self.reachable = True

    def keep(self, session: Session, patience: float) -> None:
        if not self.reachable:
            raise StaffmlAnkiError("somebody else is writing")
        self.kept.append(session)


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def desk(paper: Paper, tmp_path: Path) -> Desk:
    vault = vault_at(tmp_path / "vault", 3)
    return Desk(new_session("s", "practice", list(vault.questions), NOON), vault, paper.keep)


def test_every_step_is_kept_and_ticks_now_and_then(desk: Desk, paper: Paper) -> None:
    desk.do(Resume(), NOON)
    for second in range(1, 11):
        desk.do(Tick(), NOON + second * 1000)
    desk.do(Reveal(), NOON + 11_000)
    assert [each.spent for each in paper.kept] == [0, 5_000, 10_000, 11_000]


def test_what_could_not_be_kept_is_kept_later(desk: Desk, paper: Paper) -> None:
    desk.do(Resume(), NOON)
    paper.reachable = False
    desk.do(Reveal(), NOON + 1_000)
    desk.do(Score(3), NOON + 2_000)
    assert desk.unsaved == "somebody else is writing"
    assert desk.session.answers[0].score == 3
    paper.reachable = True
    desk.do(Tick(), NOON + 3_000)
    assert desk.unsaved, "not tried at every tick"
    desk.do(Tick(), NOON + 4_000)
    assert desk.unsaved == ""
    assert paper.kept[-1].answers[0].score == 3


def test_who_leaves_hears_that_it_is_not_kept(desk: Desk, paper: Paper) -> None:
    desk.do(Resume(), NOON)
    paper.reachable = False
    desk.do(Reveal(), NOON + 1_000)
    with pytest.raises(StaffmlAnkiError, match="somebody else is writing"):
        desk.put_away(NOON + 2_000)
    paper.reachable = True
    desk.put_away(NOON + 3_000)
    assert paper.kept[-1].paused


@pytest.mark.parametrize("plain", [[], ["--plain"]])
def test_a_session_goes_on_while_another_program_writes(tmp_path: Path, plain: list[str]) -> None:
    enter = "\n" if plain else ""
    with Terminal(tmp_path, "practice", "--count", 2, *plain, columns=120, lines=50) as terminal:
        terminal.until("q leave")
        path = tmp_path / "files" / "history.db"
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        terminal.keys("\n" if plain else " ")
        terminal.until("not saved yet")
        terminal.until("3 nailed")
        terminal.keys(f"3{enter}")
        terminal.until("2/2")
        other.execute("ROLLBACK")
        other.close()
        terminal.keys("\n" if plain else " ")
        terminal.until("3 nailed")
        terminal.keys(f"2{enter}")
        assert terminal.end() == 0
    with HistoryStore(path) as store:
        assert sorted(each.score for each in Notebook(store).practice()) == [2, 3]
