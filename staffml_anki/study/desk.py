"""A session on somebody's desk: events go in, the session is kept after each, views come out."""

from collections.abc import Callable

from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.study.session import Event, Pause, Session, Tick, step
from staffml_anki.study.view import View, view_of
from staffml_anki.vault import Vault

KEEP_EVERY, RETRY_EVERY = 5_000, 2_000
"""Milliseconds: thinking time that is lost at most when the power goes; and until what could not be kept is tried
again."""
BRIEFLY, IN_THE_END = 0.2, 10.0
"""Seconds to wait for somebody else who is writing: while a learner waits for the next screen, and as they leave."""


class Desk:
    """Keeps a session through its life. Whoever owns it brings the clock.

    That it cannot be kept for a while (a sync writes the same file, the disk is full) is no reason to stop:
    ``unsaved`` says why, and it is tried again.

    Args:
        keep: called with the session whenever it must not be lost, and with the seconds it may wait.
    """

    def __init__(self, session: Session, vault: Vault, keep: Callable[[Session, float], None]) -> None:
        self.session, self.vault = session, vault
        self.unsaved = ""
        self._keep = keep
        self._tried_at = 0

    def do(self, event: Event, now: int) -> Session:
        """Let something happen at a time in milliseconds."""
        before, self.session = self.session, step(self.session, event, now)
        turned = before.stage != self.session.stage
        due = now - self._tried_at >= (RETRY_EVERY if self.unsaved else KEEP_EVERY)
        if turned or due or not isinstance(event, Tick):
            self._tried_at = now
            try:
                self._keep(self.session, BRIEFLY)
                self.unsaved = ""
            except StaffmlAnkiError as why:
                self.unsaved = str(why)
        return self.session

    def view(self) -> View | None:
        """What to show; None once it is over."""
        return view_of(self.session, self.vault)

    def put_away(self, now: int) -> None:
        """Stop for now: it goes on from here another time.

        Raises:
            StaffmlAnkiError: it still cannot be kept.
        """
        if self.session.stage != "over":
            self.do(Pause(), now)
        if self.unsaved:
            self._keep(self.session, IN_THE_END)
            self.unsaved = ""
