"""A session on somebody's desk: events go in, the session is kept after each, views come out."""

from collections.abc import Callable

from staffml_anki.study.session import Event, Pause, Quit, Session, Tick, step
from staffml_anki.study.view import View, view_of
from staffml_anki.vault import Vault

KEEP_EVERY = 5_000
"""Milliseconds: thinking time that is lost at most when the power goes."""


class Desk:
    """Keeps a session through its life. Whoever owns it brings the clock.

    Args:
        keep: called with the session whenever it must not be lost.
    """

    def __init__(self, session: Session, vault: Vault, keep: Callable[[Session], None]) -> None:
        self.session, self.vault = session, vault
        self._keep = keep
        self._kept_at = 0

    def do(self, event: Event, now: int) -> Session:
        """Let something happen at a time in milliseconds."""
        before, self.session = self.session, step(self.session, event, now)
        turned = before.stage != self.session.stage
        if turned or not isinstance(event, Tick) or now - self._kept_at >= KEEP_EVERY:
            self._kept_at = now
            self._keep(self.session)
        return self.session

    def view(self) -> View | None:
        """What to show; None once it is over."""
        return view_of(self.session, self.vault)

    def put_away(self, now: int) -> None:
        """Stop for now: it goes on from here another time."""
        if self.session.stage != "over":
            self.do(Pause(), now)

    def give_up(self, now: int) -> Session:
        """Stop for good."""
        return self.do(Quit(), now)
