"""Sessions under a clock that the tests own: time running out at every moment, resumed after every step."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffml_anki.study.session import (
    Estimate,
    Event,
    Pause,
    Quit,
    Resume,
    Reveal,
    Score,
    Session,
    Skip,
    Tick,
    new_session,
    step,
)
from staffml_anki.vault import QuestionId

START = 1_795_000_000_000
MINUTE = 60_000


def ids(count: int) -> list[QuestionId]:
    return [QuestionId(f"q{number}") for number in range(count)]


def practice(count: int = 3) -> Session:
    return new_session("s", "practice", ids(count), START)


def interview(count: int = 3, minutes: int = 10) -> Session:
    return new_session("s", "gauntlet", ids(count), START, limit=minutes * MINUTE, review_last=True)


def played(session: Session, *script: tuple[int, Event]) -> Session:
    """The session after events at (seconds since the start, event)."""
    for seconds, event in script:
        session = step(session, event, START + 1000 * seconds)
    return session


def scores(session: Session) -> list[int | None]:
    return [answer.score for answer in session.answers]


def test_practice_goes_question_by_question_and_counts_the_thinking_alone() -> None:
    done = played(
        practice(),
        (0, Resume()), (30, Estimate(" 40 GB ")), (40, Reveal()), (100, Reveal()), (120, Score(3)),
        (150, Reveal()), (151, Score(1)), (160, Skip()),
    )  # fmt: skip
    assert (done.stage, done.ending) == ("over", "done")
    assert scores(done) == [3, 1, 0]
    assert [answer.thought for answer in done.answers] == [40_000, 30_000, 9_000]
    assert done.answers[0].estimate == "40 GB"
    assert [answer.at for answer in done.scored] == [START + 120_000, START + 151_000]


@pytest.mark.parametrize(
    ("event", "stage"),
    [
        (Score(3), "think"),
        (Reveal(), "reveal"),
        (Tick(), "think"),
        (Pause(), "think"),
        (Skip(), "think"),
        (Quit(), "over"),
    ],
)
def test_what_each_event_does_to_somebody_who_thinks(event: Event, stage: str) -> None:
    after = played(practice(), (0, Resume()), (5, event))
    assert after.stage == stage
    assert scores(after)[0] == (0 if isinstance(event, Skip) else None)


@pytest.mark.parametrize("score", [-1, 4, 99])
def test_there_is_no_other_score(score: int) -> None:
    session = played(practice(), (0, Resume()), (1, Reveal()))
    assert step(session, Score(score), START + 2000).stage == "reveal"


def test_an_estimate_comes_before_the_answer_or_not_at_all() -> None:
    session = played(practice(), (0, Resume()), (1, Reveal()), (2, Estimate("too late")))
    assert session.answers[0].estimate == ""


def test_nothing_counts_while_it_is_paused() -> None:
    session = played(practice(), (0, Resume()), (10, Pause()), (500, Tick()), (501, Reveal()), (502, Score(3)))
    assert session.paused and session.stage == "think"
    session = played(session, (1000, Resume()), (1010, Reveal()))
    assert session.answers[0].thought == 20_000


def test_an_interview_asks_everything_first_and_reviews_what_was_answered() -> None:
    session = played(interview(), (0, Resume()), (60, Estimate("a")), (60, Reveal()), (120, Reveal()), (180, Reveal()))
    assert (session.stage, session.spent) == ("reveal", 180_000)
    done = played(session, (1000, Score(3)), (2000, Score(2)), (3000, Score(1)))
    assert (done.ending, scores(done)) == ("done", [3, 2, 1])
    assert done.spent == 180_000


def test_a_skipped_question_of_an_interview_comes_once_more() -> None:
    session = played(interview(), (0, Resume()), (10, Skip()))
    assert session.current is not None and session.current.question == "q1"
    session = played(session, (20, Reveal()), (30, Reveal()), (40, Skip()))
    assert session.stage == "reveal"
    assert scores(session) == [0, None, None]


@pytest.mark.parametrize("second", range(0, 61, 3))
def test_time_may_run_out_at_any_moment(second: int) -> None:
    """One minute for three questions, answered at 20 s each: whenever it stops, what is unanswered scores 0."""
    script: list[tuple[int, Event]] = [(0, Resume()), (20, Reveal()), (40, Reveal()), (60, Reveal())]
    before = [each for each in script if each[0] <= second]
    session = played(interview(3, 1), *before, (second, Tick()))
    late = step(session, Tick(), START + 3_600_000)
    answered = sum(isinstance(event, Reveal) and at < 60 for at, event in before)
    assert late.timed_out
    assert late.spent == MINUTE
    assert [score for score in scores(late) if score == 0] == [0] * (3 - answered)
    while late.stage != "over":
        late = step(late, Score(2), START + 4_000_000)
    assert sum(score or 0 for score in scores(late)) == 2 * answered
    assert late.ending == "time"


@pytest.mark.parametrize("event", [Reveal(), Skip(), Estimate("x"), Score(3), Pause(), Resume(), Tick()])
def test_an_event_after_time_is_up_changes_no_question(event: Event) -> None:
    late = played(interview(2, 1), (0, Resume()), (61, event))
    assert late.timed_out
    assert (late.stage, scores(late)) == ("over", [0, 0])


def test_giving_up_an_interview_scores_the_rest_0() -> None:
    done = played(interview(), (0, Resume()), (5, Reveal()), (6, Quit()))
    assert (done.ending, scores(done)) == ("quit", [0, 0, 0])


@pytest.mark.parametrize("make", [practice, interview])
def test_a_clock_that_is_set_back_adds_nothing(make: type) -> None:
    session = played(make(2), (100, Resume()), (50, Tick()), (60, Reveal()))
    assert session.answers[0].thought == 10_000
    assert session.spent == 10_000


@pytest.mark.parametrize("make", [practice, interview])
def test_a_session_without_questions_is_over(make: type) -> None:
    session = make(0)
    assert (session.stage, session.ending, session.current) == ("over", "done", None)
    assert step(session, Resume(), START) == session


def test_a_question_that_is_named_twice_is_asked_once() -> None:
    assert len(new_session("s", "practice", ids(2) * 2, START).answers) == 2


EVENTS = st.one_of(
    st.sampled_from([Resume(), Pause(), Tick(), Skip()]),
    st.builds(Reveal, st.integers(1, 9)),
    st.builds(Score, st.integers(-1, 4)),
    st.builds(Estimate, st.text(max_size=20)),
    st.sampled_from([Tick(), Tick(), Quit()]),
)
SCRIPTS = st.lists(st.tuples(st.integers(-20_000, 90_000), EVENTS), max_size=40)


@given(count=st.integers(0, 6), timed=st.booleans(), script=SCRIPTS)
def test_whatever_happens_times_and_scores_add_up(count: int, timed: bool, script: Sequence[tuple[int, Event]]) -> None:
    session = interview(count, 2) if timed else practice(count)
    now = START
    for passed, event in script:
        before, now = session, now + passed
        session = step(session, event, now)
        assert session.spent == sum(answer.thought for answer in session.answers)
        assert session.spent >= before.spent
        if session.limit is not None:
            assert session.spent <= session.limit
        for old, new in zip(before.answers, session.answers, strict=True):
            assert old.score is None or old.score == new.score, "a score never changes"
        if before.stage == "over":
            assert session == before
        assert (session.stage == "over") == (session.current is None)
        if session.stage == "over" and timed:
            assert None not in scores(session)
        if timed and session.stage == "reveal":
            assert all(answer.answered for answer in session.answers if answer.score is None)


@given(count=st.integers(1, 4), timed=st.booleans(), script=SCRIPTS, at=st.integers(0, 40))
def test_closed_and_opened_again_after_any_step_it_goes_on_as_if_paused(
    count: int, timed: bool, script: Sequence[tuple[int, Event]], at: int
) -> None:
    """Written down and read again is the same session; away for a day is a pause."""
    away = 86_400_000
    here = there = interview(count, 2) if timed else practice(count)
    now = START
    for place, (passed, event) in enumerate(script):
        now += passed
        later = now + away if place >= at else now
        if place == at:
            was_on = there.clock is not None
            there = Session.model_validate_json(step(there, Pause(), now - passed).model_dump_json())
            if was_on:
                there = step(there, Resume(), later - passed)
        here, there = step(here, event, now), step(there, event, later)
    assert there.spent == here.spent
    assert scores(there) == scores(here)
    assert (there.stage, there.queue, there.shown) == (here.stage, here.queue, here.shown)
