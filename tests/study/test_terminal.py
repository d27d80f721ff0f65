"""The modes in a real pseudo-terminal: keys, sizes, Ctrl-C, colour, and no terminal at all."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from living import Living, living, small_vault
from terminal import Terminal

LATIN = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A terminal that does not speak Unicode."""
COLOUR = re.compile(rb"\x1b\[[0-9;]*(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;[0-9;]*)?m")


def said(home: Path, *arguments: object) -> Any:
    """What a command answers with --json."""
    command = [sys.executable, "-m", "staffml_anki", *map(str, arguments), "--json"]
    done = subprocess.run(
        command, env=os.environ | {"STAFFML_ANKI_HOME": str(home)}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_a_day_s_challenge_by_its_keys(tmp_path: Path, columns: int) -> None:
    with Terminal(tmp_path, "daily", columns=columns) as terminal:
        for number in (1, 2, 3):
            terminal.until(f"{number}/3")
            terminal.until("Space reveal")
            if number == 1:
                terminal.keys("e")
                terminal.until("Esc back")
                terminal.keys("about 42 ms\r")
                terminal.until("you said: about 42 ms")
            else:
                terminal.keys(" ")
            terminal.until("Assumptions")
            assert "Answer" not in terminal.text
            terminal.keys("a")
            terminal.until(lambda text: "Space more" not in text and "1 wrong" in text)
            assert all(len(line) <= columns for line in terminal.lines)
            terminal.keys(str(number))
        assert terminal.end() == 0
        assert "streak 1 day" in terminal.text
    found = said(tmp_path, "daily")
    assert (found["state"], [each["score"] for each in found["questions"]]) == ("done", [1, 2, 3])


def test_done_is_done_and_yesterday_shows_answers(tmp_path: Path) -> None:
    with Terminal(tmp_path, "daily", "--plain") as terminal:
        for _ in range(3):
            terminal.until("s skip")
            terminal.keys("\n")
            terminal.until("3 nailed")
            terminal.keys("3\n")
        assert terminal.end() == 0
    with Terminal(tmp_path, "daily") as terminal:
        assert terminal.end() == 0
        assert "your score: nailed" in terminal.text
    with Terminal(tmp_path, "daily", "--yesterday", lines=400) as terminal:
        assert terminal.end() == 0
        assert ": missed" in terminal.text
        assert terminal.lines.count("Answer") == 3


def test_the_screen_follows_its_size(tmp_path: Path) -> None:
    with Terminal(tmp_path, "practice", columns=100, lines=40) as terminal:
        terminal.until("Space reveal")
        for columns, lines in ((40, 15), (140, 50), (30, 10), (100, 40)):
            terminal.resize(columns, lines)
            terminal.until(lambda text: "Space" in text and "1/10" in text)
            assert all(len(line) <= columns for line in terminal.lines)
        terminal.keys(" ")
        terminal.until("Assumptions")
        terminal.keys("q")
        assert terminal.end() == 0


def test_pausing_hides_the_question_and_stops_the_clock(tmp_path: Path) -> None:
    with Terminal(tmp_path, "practice") as terminal:
        title = terminal.until("Space reveal").splitlines()[4]
        terminal.keys("p")
        terminal.until("Space go on")
        assert title not in terminal.text
        terminal.keys(" ")
        terminal.until(title)
        terminal.keys("q")
        assert terminal.end() == 0


@pytest.mark.parametrize("plain", [[], ["--plain"]])
def test_ctrl_c_keeps_the_session_and_the_same_command_goes_on(tmp_path: Path, plain: list[str]) -> None:
    with Terminal(tmp_path, "practice", "--count", 3, *plain) as terminal:
        terminal.until("s skip")
        terminal.keys(" " if not plain else "\n")
        terminal.until("3 nailed")
        terminal.keys("3" if not plain else "3\n")
        terminal.until("2/3")
        terminal.keys("\x03")
        assert terminal.end() == 130
        terminal.until("kept at 1 of 3")
    with Terminal(tmp_path, "practice", *plain) as terminal:
        terminal.until("2/3")
        terminal.keys("q" if not plain else "q\n")
        assert terminal.end() == 0


def test_another_wish_than_what_was_left_is_said_and_not_passed_over(tmp_path: Path) -> None:
    for wish, other in ((["practice"], ["--track", "edge"]), (["gauntlet", "start"], ["quick"])):
        with Terminal(tmp_path, *wish, "--plain") as terminal:
            terminal.until("leave >")
            terminal.keys("q\n")
            assert terminal.end() == 0
        with Terminal(tmp_path, *wish, *other, columns=160) as terminal:
            assert terminal.end() == 2
            assert f"you left another one; go on with staffml-anki {' '.join(wish)}, or" in terminal.text
        with Terminal(tmp_path, *wish, *other, "--new", "--plain") as terminal:
            terminal.until("1/")
            terminal.until("leave >")
            terminal.keys("q\n")
            assert terminal.end() == 0
        with Terminal(tmp_path, *wish, *other, "--plain") as terminal:  # the same again goes on
            terminal.until("leave >")
            terminal.keys("q\n")
            assert terminal.end() == 0


def test_nothing_is_given_up_for_what_cannot_begin(tmp_path: Path) -> None:
    from factory import question, write_folder

    from staffml_anki.reviews import HistoryStore
    from staffml_anki.study.notebook import Notebook

    vault = write_folder(tmp_path / "vault", [question()], [])
    for wish in (["gauntlet", "start"], ["practice"]):
        with Terminal(tmp_path / "home", *wish, "--vault", vault, "--plain") as terminal:
            terminal.until("leave >")
            terminal.keys("q\n")
            assert terminal.end() == 0
        with Terminal(tmp_path / "home", *wish, "--vault", vault, "--new", "--level", "L1") as terminal:
            assert terminal.end() == 2
            assert "no question matches" in terminal.text
    with HistoryStore(tmp_path / "home" / "files" / "history.db") as store:
        assert Notebook(store).open_session("gauntlet") and Notebook(store).open_session("practice")


def test_what_was_given_up_does_not_come_back(tmp_path: Path) -> None:
    for count, more in ((3, []), (1, ["--new"])):
        with Terminal(tmp_path, "practice", "--plain", "--count", count, *more) as terminal:
            terminal.until(f"1/{count}")
            terminal.keys("\n")
            terminal.until("3 nailed")
            terminal.keys("3\n" if more else "q\n")
            assert terminal.end() == 0
    with Terminal(tmp_path, "practice", "--plain") as terminal:
        terminal.until("1/10")
        terminal.keys("q\n")
        assert terminal.end() == 0


def test_prompts_in_a_narrow_terminal_break_between_words(tmp_path: Path) -> None:
    from factory import question, write_folder

    text = " ".join(["eleven-char"] * 30)
    vault = write_folder(tmp_path / "vault", [question(scenario=text, title=text[:100])], [])
    with Terminal(tmp_path / "home", "practice", "--vault", vault, "--plain", columns=40, lines=60) as terminal:
        terminal.until("q leave >")
        words = {word for line in terminal.lines for word in line.split() if word.startswith("eleven")}
        assert words == {"eleven-char"}
        assert not any(line.lstrip().startswith("·") for line in terminal.lines)
        terminal.keys("\n")
        terminal.until("3 nailed")
        terminal.keys("x\n")
        terminal.until("x: not one of these keys")
        terminal.keys("3\n")
        assert terminal.end() == 0
        assert terminal.lines[-1] == "" and "…" in terminal.text  # the title in the list is cut


def test_a_long_question_says_that_it_scrolls(tmp_path: Path) -> None:
    from factory import question, write_folder

    vault = write_folder(tmp_path / "vault", [question(scenario="\n\n".join(f"Line {n}" for n in range(40)))], [])
    with Terminal(tmp_path / "home", "practice", "--vault", vault, lines=20) as terminal:
        shown = terminal.until("↑↓ scroll")
        while "Line 39" not in shown:
            terminal.keys("\x1b[6~")  # Page Down
            before = shown.splitlines()[2:]
            shown = terminal.until(lambda text, before=before: text.splitlines()[2:] != before)  # type: ignore[misc]
        terminal.keys("q")
        assert terminal.end() == 0


@pytest.mark.parametrize("plain", [[], ["--plain"]])
def test_a_session_that_is_killed_is_kept(tmp_path: Path, plain: list[str]) -> None:
    with Terminal(tmp_path, "practice", "--count", 3, *plain) as terminal:
        terminal.until("s skip")
        terminal.keys(" " if not plain else "\n")
        terminal.until("3 nailed")
        terminal.keys("2" if not plain else "2\n")
        terminal.until("2/3")
        terminal.kill()
    with Terminal(tmp_path, "practice", *plain) as terminal:
        terminal.until("2/3")
        terminal.keys("\x03")
        assert terminal.end() == 130


def test_the_end_of_input_keeps_the_session(tmp_path: Path) -> None:
    with Terminal(tmp_path, "practice", "--plain") as terminal:
        terminal.until("s skip")
        terminal.keys("\x04")
        assert terminal.end() == 0
        assert "kept at 0 of 10" in terminal.text


@pytest.mark.parametrize("plain", [[], ["--plain"]])
def test_a_gauntlet_from_the_clock_to_the_result(tmp_path: Path, plain: list[str]) -> None:
    page = tmp_path / "result.html"
    enter = "\n" if plain else ""
    wish = ["gauntlet", "start", "--questions", 2, "--minutes", 5, "--seed", 7, "--html", page, *plain]
    with Terminal(tmp_path / "home", *wish, lines=60) as terminal:
        terminal.until(lambda text: re.search(r"[45]:\d\d left", text) is not None)
        terminal.keys("1000 GB\n" if plain else " ")
        terminal.until("2/2")
        terminal.until("left")
        terminal.keys("\n" if plain else " ")
        terminal.until("3 nailed")
        terminal.keys(f"3{enter}")
        terminal.until("2/2")
        terminal.keys(f"1{enter}")
        assert terminal.end() == 0
        assert "custom gauntlet: 4 of 6 points (67%), 2 of 2 questions answered" in terminal.text
    (found,) = said(tmp_path / "home", "gauntlet", "list")
    assert (found["points"], found["possible"], found["ending"]) == (4, 6, "done")
    assert "<script" not in page.read_text(encoding="utf-8")
    assert "67 %" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("plain", [[], ["--plain"]])
def test_when_time_is_up_the_rest_scores_0(tmp_path: Path, plain: list[str]) -> None:
    """A minute is the shortest; of the two questions one is answered, and the clock is stood by at its end."""
    wish = ["gauntlet", "start", "--questions", 2, "--minutes", 1, *plain]
    with Terminal(tmp_path, *wish, columns=120, lines=60) as terminal:
        terminal.until("left")
        terminal.keys("\n" if plain else " ")
        terminal.until("2/2")
        terminal.keys("q\n" if plain else "q")
        assert terminal.end() == 0
    spend_all_but(tmp_path, 2_000)
    with Terminal(tmp_path, *wish, columns=120, lines=60) as terminal:
        terminal.until("3 nailed")
        terminal.keys("2\n" if plain else "2")
        assert terminal.end() == 0
        assert "2 of 6 points (33%), 1 of 2 questions answered in 1:00, time ran out" in terminal.text


def spend_all_but(home: Path, left: int) -> None:
    """Think until there are so many milliseconds left."""
    from staffml_anki.reviews import HistoryStore, history_at
    from staffml_anki.study.notebook import Notebook
    from staffml_anki.study.session import Pause, Resume, Tick, step

    with HistoryStore(history_at(home)) as store:
        session = Notebook(store).open_session("gauntlet")
        assert session is not None and session.left is not None
        session = step(session, Resume(), 0)
        session = step(session, Tick(), session.left - left)  # type: ignore[operator]
        Notebook(store).keep(step(session, Pause(), session.clock or 0))


def test_without_colour_there_is_none(tmp_path: Path) -> None:
    with Terminal(tmp_path, "practice", NO_COLOR="1") as terminal:
        terminal.until("Space reveal")
        terminal.keys("q")
        assert terminal.end() == 0
    assert COLOUR.search(terminal.sent) is None
    with Terminal(tmp_path, "practice", "--plain", NO_COLOR="1") as terminal:
        terminal.until("s skip")
        terminal.keys("q\n")
        assert terminal.end() == 0
    assert COLOUR.search(terminal.sent) is None


def test_a_terminal_that_cannot_show_a_full_screen_gets_prompts(tmp_path: Path) -> None:
    for more in ({"TERM": "dumb"}, {"columns": 25}, LATIN):
        with Terminal(tmp_path, "practice", **more) as terminal:
            terminal.until("q leave >")
            terminal.keys("q\n")
            assert terminal.end() == 0


@pytest.mark.parametrize("locale", [{"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C"}, LATIN])
def test_an_estimate_of_bytes_that_are_no_text_is_taken(tmp_path: Path, locale: dict[str, Any]) -> None:
    with Terminal(tmp_path, "practice", "--count", 1, "--plain", **locale) as terminal:
        terminal.until("q leave >")
        terminal.keys(b"caf\xff \xe9 \x1b[A 42\n")
        terminal.until("3 nailed")
        terminal.keys("3\n")
        assert terminal.end() == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["practice"], "practice asks questions, and this is no terminal: nobody can answer; add --list"),
        (["daily"], "daily asks questions, and this is no terminal: nobody can answer; add --json"),
        (["gauntlet", "start"], "gauntlet asks questions, and this is no terminal: nobody can answer; gauntlet list"),
        (["chain", "next"], "chain next asks questions, and this is no terminal: nobody can answer; add --json"),
    ],
)
def test_without_a_terminal_there_is_a_clear_word(tmp_path: Path, arguments: list[str], word: str) -> None:
    command = [sys.executable, "-m", "staffml_anki", *arguments]
    done = subprocess.run(
        command,
        env=os.environ | {"STAFFML_ANKI_HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"staffml-anki: {word}")
    assert done.stderr.count("\n") == 1


def test_text_of_a_vault_cannot_drive_the_terminal(tmp_path: Path) -> None:
    from factory import question, write_folder

    hostile = question(title="A [red]title[/red]", scenario="[bold]not markup[/bold] \u202eabc [@click=app.bell]x[/]")
    vault = write_folder(tmp_path / "vault", [hostile], [])
    for plain in ([], ["--plain"]):
        with Terminal(tmp_path / "home", "practice", "--vault", vault, *plain) as terminal:
            terminal.until("[bold]not markup[/bold]")
            assert "[red]title[/red]" in terminal.text
            assert "\u202e".encode() not in terminal.sent
            terminal.keys("q\n" if plain else "q")
            assert terminal.end() == 0


def answered(world: Living) -> dict[str, list[int]]:
    return {key: [row[3] for row in state["reviews"]] for key, state in world.held().items() if state["reviews"]}


def test_scores_go_to_anki_from_a_session_and_once_though_it_was_left_in_between(tmp_path: Path) -> None:
    with living(tmp_path / "world") as world:
        vault = world.vault(*small_vault())
        world.sync(vault)
        wish = ["practice", "--vault", vault, "--count", 2, "--plain", "--grade-in-anki", "--url", world.server.url]
        with Terminal(tmp_path / "home", *wish) as terminal:
            terminal.until("s skip")
            terminal.keys("\n")
            terminal.until("3 nailed")
            terminal.keys("3\n")
            terminal.until("2/2")
            terminal.keys("\x03")
            assert terminal.end() == 130
        assert answered(world) == {}
        with Terminal(tmp_path / "home", *wish) as terminal:
            terminal.until("2/2")
            terminal.keys("\n")
            terminal.until("3 nailed")
            terminal.keys("1\n")
            assert terminal.end() == 0
            assert "2 cards answered in Anki" in terminal.text
        assert sorted(answered(world).values()) == [[1], [3]]


def test_scores_do_not_go_into_somebody_else_s_profile(tmp_path: Path) -> None:
    from staffml_anki.reviews import HistoryStore

    home = tmp_path / "home"
    HistoryStore(home / "other-0123" / "history.db").close()
    with living(tmp_path / "world") as world:
        vault = world.vault(*small_vault())
        world.sync(vault)
        wish = ["practice", "--vault", vault, "--count", 1, "--plain", "--grade-in-anki", "--url", world.server.url]
        with Terminal(home, *wish) as terminal:
            terminal.until("s skip")
            terminal.keys("\n")
            terminal.until("3 nailed")
            terminal.keys("3\n")
            assert terminal.end() == 0
            assert "Anki has another profile open (User 1); the scores are kept" in terminal.text
        assert answered(world) == {}


def test_scores_that_wait_are_offered_at_the_next_sync(tmp_path: Path) -> None:
    with living(tmp_path / "world") as world:
        vault = world.vault(*small_vault())
        world.sync(vault)
        where = ["--vault", vault, "--url", world.server.url]
        closed = ["--vault", vault, "--url", "http://127.0.0.1:9"]
        with Terminal(tmp_path / "home", "practice", *closed, "--count", 1, "--plain", "--grade-in-anki") as terminal:
            terminal.until("s skip")
            terminal.keys("\n")
            terminal.until("3 nailed")
            terminal.keys("2\n")
            assert terminal.end() == 0
            assert "the next sync offers them" in terminal.text.replace("\n", "")
        for answer, code in (("n", 0), ("y", 0)):
            with Terminal(tmp_path / "home", "sync", *where, "--no-ankiweb", lines=60) as terminal:
                asked = terminal.until(lambda text: "[y/N]" in text)
                if "Do it?" in asked:
                    terminal.keys("y\n")
                    terminal.until("answer these cards there, too?")
                terminal.keys(f"{answer}\n")
                assert terminal.end() == code
            assert [len(each) for each in answered(world).values()] == ([1] if answer == "y" else [])
        assert list(answered(world).values()) == [[2]]
