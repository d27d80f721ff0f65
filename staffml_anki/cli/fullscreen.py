"""A session on the full screen, through Textual. Draws views and passes keys on; decides nothing."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from staffml_anki.cli.clock import seconds
from staffml_anki.cli.output import clean
from staffml_anki.study.session import Estimate, Event, Pause, Resume, Reveal, Score, Skip, Tick

if TYPE_CHECKING:
    from staffml_anki.cli.clock import Clock
    from staffml_anki.study.desk import Desk
    from staffml_anki.study.view import View

ALL = 99


def run(desk: "Desk", clock: "Clock") -> None:
    """Show the session until it is over or the learner leaves.

    Raises:
        KeyboardInterrupt: they left by Ctrl-C.
    """
    try:
        left = Sitting(desk, clock).run()
    finally:
        desk.put_away(clock.now())
    if left == "interrupt":
        raise KeyboardInterrupt


class Sitting(App[str]):
    """One screen: where and the clock, the question with what is revealed of its answer, an estimate, the keys."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { background: ansi_default; }
    #where { color: $text-muted; }
    #clock { text-style: bold; }
    #clock.late { color: $error; }
    #title { text-style: bold; }
    #page { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    .heading { text-style: bold; color: $accent; margin-top: 1; }
    #question { margin-top: 1; }
    #said { color: $success; }
    #estimate { height: 1; border: none; padding: 0 1; }
    #keys { color: $text-muted; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "leave", priority=True),
        Binding("space,enter", "more", "reveal"),
        Binding("a", "all", "all"),
        Binding("e", "estimate", "estimate"),
        Binding("escape", "no_estimate", show=False),
        Binding("s", "skip", "skip"),
        Binding("p", "pause", "pause"),
        Binding("q", "leave", "leave"),
        Binding("0", "score(0)", show=False),
        Binding("1", "score(1)", "wrong"),
        Binding("2", "score(2)", "partial"),
        Binding("3", "score(3)", "nailed"),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
    ]

    def __init__(self, desk: "Desk", clock: "Clock") -> None:
        super().__init__(ansi_color=True)
        self._desk, self._time = desk, clock
        self._shown: tuple[str, int] = ("", -1)

    def compose(self) -> ComposeResult:
        yield Static(id="where", markup=False)
        yield Static(id="clock", markup=False)
        with VerticalScroll(id="page"):
            yield Static(id="title", markup=False)
            yield Static(id="question", markup=False)
            yield Static(id="said", markup=False)
            yield Static(id="parts", markup=False)
        yield Input(id="estimate", placeholder="your estimate, then Enter; Esc goes back", max_length=2_000)
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).display = False
        self._do(Resume())
        self.set_interval(0.5, lambda: self._do(Tick()))

    # -- what keys do -----------------------------------------------------------------------------

    def action_more(self) -> None:
        if self._desk.session.paused:
            self._do(Resume())
        elif (view := self._desk.view()) is not None and view.more:
            self._do(Reveal())

    def action_all(self) -> None:
        view = self._desk.view()
        if view is not None and not view.asking:
            self._do(Reveal(ALL))

    def action_estimate(self) -> None:
        view = self._desk.view()
        if view is not None and view.asking and not view.paused:
            field = self.query_one(Input)
            field.value, field.display = view.estimate, True
            field.focus()
            self._draw()

    def action_no_estimate(self) -> None:
        self._put_estimate_away()
        self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._put_estimate_away()
        self._do(Estimate(event.value))
        self._do(Reveal())

    def action_skip(self) -> None:
        self._do(Skip())

    def action_pause(self) -> None:
        self._do(Resume() if self._desk.session.paused else Pause())

    def action_score(self, score: int) -> None:
        self._do(Score(score))

    def action_scroll(self, lines: int) -> None:
        self.query_one("#page", VerticalScroll).scroll_relative(y=lines, animate=False, immediate=True)

    def action_page(self, pages: int) -> None:
        page = self.query_one("#page", VerticalScroll)
        page.scroll_relative(y=pages * max(1, page.size.height - 2), animate=False, immediate=True)

    def action_leave(self) -> None:
        self.exit("leave")

    def action_interrupt(self) -> None:
        self.exit("interrupt")

    # -- drawing ----------------------------------------------------------------------------------

    def _put_estimate_away(self) -> None:
        self.query_one(Input).display = False
        self.set_focus(None)

    def _do(self, event: Event) -> None:
        asking = self._desk.session.stage == "think"
        self._desk.do(event, self._time.now())
        if asking and self._desk.session.stage != "think":
            self._put_estimate_away()
        self._draw()

    def _draw(self) -> None:
        view = self._desk.view()
        if view is None:
            self.exit("over")
            return
        self._set("where", view.where)
        clock = self.query_one("#clock", Static)
        left = "left" if view.counting_down else "thinking"
        clock.update("paused" if view.paused else f"{seconds(view.clock)} {left}" if view.asking else "your score?")
        clock.set_class(view.counting_down and view.clock < 60, "late")
        self._set("title", view.title)
        # What is not thought about is not shown: a pause is no time to think.
        self._set("question", "" if view.paused else view.question)
        self._set("said", f"\nyou said: {view.estimate}" if view.estimate and not view.paused else "")
        self._set("parts", "\n".join(f"\n▌ {part.title}\n{part.text}" for part in view.parts))
        page = self.query_one("#page", VerticalScroll)
        keys = _keys(view, typing=bool(self.query_one(Input).display))
        keys = f"{keys} · ↑↓ scroll" if page.max_scroll_y > 0 else keys
        self._set("keys", f"not saved yet · {keys}" if self._desk.unsaved else keys)
        here = (view.where + view.title, len(view.parts))
        if here[0] != self._shown[0]:
            page.scroll_home(animate=False)
        elif here != self._shown:
            page.scroll_end(animate=False)
        self._shown = here

    def _set(self, name: str, text: str) -> None:
        """A vault's text, without anything that a terminal would act on."""
        self.query_one(f"#{name}", Static).update(clean(text))


def _keys(view: "View", *, typing: bool) -> str:
    if typing:
        return "Enter done · Esc back"
    if view.paused:
        return "Space go on · q leave"
    if view.asking:
        done = "answered" if view.counting_down else "reveal"
        return f"Space {done} · e estimate · s skip · p pause · q leave"
    more = "Space more · a all · " if view.more else ""
    return f"{more}1 wrong · 2 partial · 3 nailed · 0 skip · q leave"
