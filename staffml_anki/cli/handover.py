"""What studying hands to a sync: the plan that is under way, and scores that wait for Anki."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from staffml_anki.cli import output
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.anki.connect import Connection
    from staffml_anki.anki.wanted import PlanDecks
    from staffml_anki.study.notebook import Notebook


@contextmanager
def _notebook(connection: "Connection") -> "Iterator[Notebook | None]":
    """The notebook of the profile that is open in Anki; None where nobody has studied yet."""
    from staffml_anki.data import HISTORY, home_folder

    if not any(home_folder().glob(f"*/{HISTORY}")):
        yield None  # seen without loading NumPy
        return
    from staffml_anki.reviews import HistoryStore
    from staffml_anki.reviews.store import adopt
    from staffml_anki.study.notebook import Notebook

    path = adopt(home_folder(), connection.folder)
    if not path.exists():
        yield None
        return
    with HistoryStore(path) as store:
        yield Notebook(store)


def plan_under_way(connection: "Connection") -> "PlanDecks | None":
    """The study plan whose cards get decks of their own."""
    from staffml_anki.anki.wanted import PlanDecks

    with _notebook(connection) as notebook:
        plan = notebook.plan() if notebook is not None else None
    return None if plan is None else PlanDecks(name=plan.name, title=plan.title, steps=plan.steps)


def offer_grades(connection: "Connection", *, agreed: bool, ask: bool, quiet: bool) -> dict[str, object]:
    """Give waiting scores to Anki where the learner agrees; what became of them, for scripts.

    Whoever calls holds ``memory.alone()``.

    Args:
        agreed: they said so already.
        ask: somebody can answer.
        quiet: nothing is shown.
    """
    with _notebook(connection) as notebook:
        waiting = notebook.ungraded() if notebook is not None else []
        if notebook is None or not waiting:
            return {"waiting": 0, "given": [], "listed": []}
        from staffml_anki.anki.errors import AnkiError
        from staffml_anki.cli.learner import show_graded
        from staffml_anki.study.grading import give_grades

        count = counted(len(waiting), "score")
        question = f"{count} of practice wait for Anki: answer these cards there, too?"
        if not agreed and not (ask and typer.confirm(question, default=False)):
            if not ask and not quiet:
                output.warn(f"note: {count} of practice wait for Anki; --grade-in-anki gives them")
            return {"waiting": len(waiting), "given": [], "listed": []}
        try:
            graded = give_grades(connection.gateway, notebook, waiting)
        except AnkiError as error:
            output.warn(f"note: {error}; the scores are kept, and the next sync offers them again")
            return {"waiting": len(notebook.ungraded()), "given": [], "listed": []}
        if not quiet:
            show_graded(graded)
        return {"waiting": len(notebook.ungraded()), "given": list(graded.given), "listed": list(graded.listed)}
