"""The commands as a user meets them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factory import question, release, sample, write_corpus, write_folder

type Run = Callable[..., Any]
COMMANDS = (
    "build", "recipes", "sync", "doctor", "prune", "check", "list", "search", "show", "stats", "diff", "new", "preview",
    "browse", "pull", "coverage", "today", "practice", "daily",
)  # fmt: skip


IN_GROUPS = (
    "history export", "history forget", "progress export", "gauntlet start", "gauntlet list", "gauntlet show",
    "gauntlet export", "plan list", "plan start", "plan status", "plan stop", "chain list", "chain show", "chain next",
)  # fmt: skip


def spawn(*arguments: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "staffml_anki", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=os.environ | env, capture_output=True, text=True, timeout=120)


def test_build_writes_the_package_and_says_where_and_how_to_import_it(run: Run, tmp_path: Path) -> None:
    result = run("build")
    assert result.code == 0
    assert (tmp_path / "staffml-complete.apkg").is_file()
    assert (tmp_path / "staffml-complete.manifest.json").is_file()
    for word in ("staffml-complete.apkg is ready", "Anki desktop", "AnkiDroid", "AnkiMobile"):
        assert word in result.out
    assert "is up to date" in run("build").out


def test_build_json_is_one_document_and_nothing_else(run: Run, vault_folder: Path, tmp_path: Path) -> None:
    result = run("build", "-v", vault_folder, "-o", tmp_path / "x.apkg", "--json")
    assert result.json["questions"] == result.json["added"] == 12
    assert result.json["package"] == str(tmp_path / "x.apkg")
    assert result.err == ""


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--track", "edge"], 6),
        (["--track", "Cloud", "--level", "l1", "--level", "L6+"], 2),
        (["--area", "latency"], 6),
        (["--topic", "real-time-deadlines"], 6),
        (["--zone", "fluency"], 12),
        (["--chain", "chain-c"], 3),
    ],
)
def test_build_and_list_narrow_alike(run: Run, vault_folder: Path, options: list[str], count: int) -> None:
    assert run("build", "-v", vault_folder, "--json", *options).json["questions"] == count
    assert len(run("list", "-v", vault_folder, "--json", *options).json) == count


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "--track", "clowd"], "--track clowd: no such track; did you mean cloud?"),
        (["build", "--topic", "kv"], "topic kv: not in this vault; did you mean"),
        (["build", "--chain", "nope"], "chain nope: not in this vault"),
        (["build", "--recipe", "compleet"], "no recipe 'compleet'; did you mean complete?"),
        (["build", "--out", "gone/x.apkg"], "gone: no such folder; create it first (mkdir -p gone)"),
        (["build", "--out", "x.zip"], "--out x.zip: give a name that ends in .apkg, or a folder that exists"),
        (["build", "--previous", "gone.json"], "gone.json: does not exist"),
        (["build", "--level", "L1", "--zone", "mastery"], "recipe complete: selects none of the"),
        (["show", "starter-cloud-1"], "starter-cloud-1: no such question in this vault; did you mean starter-cloud-"),
        (["diff", "gone", "gone"], "gone: no such file or folder"),
    ],
)
def test_a_wrong_wish_is_one_line_and_nothing_is_written(
    run: Run, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"staffml-anki: {message}")
    assert result.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_skipped_questions_are_listed_and_shown_in_the_exit_code(run: Run, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "v", [question("a"), question("b", level="L9")])
    result = run("build", "-v", folder)
    assert result.code == 1
    assert "questions/cloud/memory/b.yaml: level: found 'L9'" in result.err
    assert "1 error in the vault" in result.out
    strict = run("build", "-v", folder, "--strict", "-o", "strict.apkg")
    assert strict.code == 2
    assert "questions/cloud/memory/b.yaml: level: found 'L9'" in strict.err
    assert not (tmp_path / "strict.apkg").exists()


def test_check_tells_errors_from_warnings(run: Run, tmp_path: Path) -> None:
    warned = write_folder(tmp_path / "w", [question(title="T" * 121)])
    assert run("check", "-v", warned).code == 0
    assert run("check", "-v", warned, "--strict").code == 1
    broken = write_folder(tmp_path / "b", [question(level="L9"), question("x", title="T" * 121)])
    result = run("check", "-v", broken, "--json")
    assert result.code == 1
    assert (result.json["errors"], result.json["warnings"]) == (1, 1)
    assert set(result.json["problems"][0]) == {"severity", "file", "field", "message", "question"}


def test_check_looks_at_drafts_only_when_asked(run: Run, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "v", [question(), question("d", status="draft", level="L9")])
    assert run("check", "-v", folder).code == 0
    assert run("check", "-v", folder, "--all").code == 1


def test_show_keeps_the_answer_back_until_asked(run: Run, vault_folder: Path) -> None:
    shown = run("show", "cloud-0001", "-v", vault_folder).out
    assert "Cloud Step 1" in shown
    assert "Answer 1" not in shown
    assert "✓" not in shown
    revealed = run("show", "cloud-0001", "-v", vault_folder, "--reveal").out
    assert "Answer 1" in revealed
    assert "✓ C. **16** GB" in revealed
    assert "▶ L1" in revealed
    assert "solution" not in run("show", "cloud-0001", "-v", vault_folder, "--json").json
    assert "solution" in run("show", "cloud-0001", "-v", vault_folder, "--json", "--reveal").json


def test_list_stats_and_recipes_agree(run: Run, vault_folder: Path) -> None:
    assert len(run("list", "-v", vault_folder).out.splitlines()) == 13
    stats = run("stats", "-v", vault_folder, "--json").json
    assert (stats["questions"], stats["unpublished"], stats["chains"], stats["broken"]) == (12, 1, 3, 0)
    assert stats["track_by_level"]["edge"]["L6+"] == 1
    assert stats["features"]["in_a_chain"] == 8
    listed = {r["name"]: r["questions"] for r in run("recipes", "-v", vault_folder, "--json").json}
    assert (listed["complete"], listed["by-chain"], listed["edge"], listed["tinyml"]) == (12, 8, 6, 0)
    assert "12 questions in 3 chains" in run("stats", "-v", vault_folder).out


def test_recipes_lists_a_recipe_of_one_s_own(run: Run, vault_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("{name: mine, title: Mine, select: {level: L1}, deck: Mine, output: m.apkg}")
    listed = run("recipes", "mine.yaml", "-v", vault_folder, "--json").json
    assert listed[-1] == {"name": "mine", "title": "Mine", "questions": 2, "decks": 1}
    assert run("build", "-v", vault_folder, "-r", "mine.yaml", "--json").json["questions"] == 2


def test_diff_shows_what_changed(run: Run, tmp_path: Path) -> None:
    questions, chains = sample()
    old = write_folder(tmp_path / "old", questions, chains)
    questions[0]["title"] = "Renamed"
    new = write_corpus(tmp_path / "corpus.json", questions[:-2], chains)
    shown = run("diff", old, new).out
    assert "1 changed\n  cloud-0001  Renamed  (title)" in shown
    assert "1 retired\n  edge-0006" in shown
    document = run("diff", old, new, "--json").json
    assert document["changed"] == [{"id": "cloud-0001", "title": "Renamed", "fields": ["title"]}]
    assert document["unchanged"] == 10
    assert run("diff", old, old).out == "no difference: 12 questions the same\n"


def test_the_vault_may_come_from_the_environment(vault_folder: Path, tmp_path: Path) -> None:
    found = spawn("list", "--json", cwd=tmp_path, STAFFML_VAULT=str(vault_folder))
    assert len(json.loads(found.stdout)) == 12


@pytest.mark.parametrize("command", [*COMMANDS, *IN_GROUPS])
def test_every_command_helps_with_an_example(run: Run, command: str) -> None:
    shown = run(*command.split(), "--help").out
    assert "Example" in shown
    assert f"staffml-anki {command}" in shown


def test_every_command_but_the_known_ones_would_be_untested(run: Run) -> None:
    from typer.main import get_command

    from staffml_anki.cli.app import app

    assert set(get_command(app).commands) == {command.split()[0] for command in (*COMMANDS, *IN_GROUPS)}  # type: ignore[attr-defined]


def test_version(run: Run) -> None:
    assert re.fullmatch(r"staffml-anki \d+\.\d+\.\d+\n", run("--version").out)


def test_completion_is_typer_s_own(tmp_path: Path) -> None:
    shown = spawn("--show-completion", "bash", cwd=tmp_path)
    assert "_STAFFML_ANKI_COMPLETE" in shown.stdout or "COMPLETE" in shown.stdout


def test_piped_output_has_no_colour_and_no_progress(vault_folder: Path, tmp_path: Path) -> None:
    many = write_corpus(tmp_path / "corpus.json", [question(f"q{n}") for n in range(600)])
    result = spawn("build", "-v", many, cwd=tmp_path)
    assert result.returncode == 0
    assert "\x1b" not in result.stdout + result.stderr
    assert "Making notes" not in result.stderr


def test_a_terminal_gets_colour_and_progress_and_no_color_takes_the_colour_away(tmp_path: Path) -> None:
    import pty

    many = write_corpus(tmp_path / "corpus.json", [question(f"q{n}") for n in range(3000)])

    def in_terminal(**env: str) -> str:
        primary, secondary = pty.openpty()
        command = [sys.executable, "-m", "staffml_anki", "build", "-v", str(many), "-o", str(tmp_path / "x.apkg")]
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm-256color"} | env
        process = subprocess.Popen(command, stdout=secondary, stderr=secondary, cwd=tmp_path, env=environment)
        os.close(secondary)
        seen = b""
        while True:
            try:
                block = os.read(primary, 65536)
            except OSError:
                break
            if not block:
                break
            seen += block
        process.wait(timeout=60)
        os.close(primary)
        for name in ("x.apkg", "x.manifest.json"):
            (tmp_path / name).unlink()
        return seen.decode()

    coloured = in_terminal()
    assert "Making notes" in coloured
    assert "\x1b[1;32m" in coloured
    assert "\x1b[1;32m" not in in_terminal(NO_COLOR="1")


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    many = write_corpus(tmp_path / "corpus.json", [question(f"q{n}") for n in range(3000)])
    command = f"{sys.executable} -m staffml_anki list -v {many} | head -1"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert result.stderr == ""


def test_an_unexpected_error_is_one_line_and_debug_shows_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("boom\nboom")

    monkeypatch.setattr("staffml_anki.vault.load_vault", fail)
    result = run("stats")
    assert result.code == 3
    assert result.err == "staffml-anki: unexpected ZeroDivisionError: boom boom; run it with --debug and report it\n"
    with pytest.raises(ZeroDivisionError):
        run("--debug", "stats")


def test_debug_shows_the_traceback_of_a_user_s_error_too(tmp_path: Path) -> None:
    quiet = spawn("check", "-v", "gone", cwd=tmp_path)
    assert (quiet.returncode, quiet.stdout, quiet.stderr.count("\n")) == (2, "", 1)
    assert "Traceback" in spawn("--debug", "check", "-v", "gone", cwd=tmp_path).stderr


def test_a_vault_of_nothing_but_broken_questions_lists_them(run: Run, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "v", [question("b", level="L9")])
    result = run("build", "-v", folder)
    assert result.code == 2
    assert "questions/cloud/memory/b.yaml: level: found 'L9'" in result.err


@pytest.mark.parametrize("redirect", [">&-", ">/dev/full"])
def test_output_that_nobody_takes_is_no_traceback(vault_folder: Path, tmp_path: Path, redirect: str) -> None:
    command = f"{sys.executable} -m staffml_anki list -v {vault_folder} {redirect}"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") <= 1


@pytest.mark.parametrize("epoch", ["²", "soon", "9" * 30])
def test_a_wrong_source_date_epoch_is_one_line(epoch: str, vault_folder: Path, tmp_path: Path) -> None:
    result = spawn("build", "-v", vault_folder, cwd=tmp_path, SOURCE_DATE_EPOCH=epoch)
    assert result.returncode == 2
    assert "must be whole seconds since 1970" in result.stderr


def test_a_name_too_long_for_the_system_is_one_line(run: Run) -> None:
    result = run("build", "-o", "x" * 300 + ".apkg")
    assert (result.code, result.err.count("\n")) == (2, 1)


def test_usage_errors_exit_with_2(run: Run) -> None:
    assert run("build", "--no-such-option").code == 2
    assert run("nonsense").code == 2


def test_text_of_a_vault_cannot_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "c.json", [question(title="a\u202eb\u009b31m", scenario="[red]x[/red]")])
    assert "a�b�31m" in run("list", "-v", corpus).out
    assert "[red]x[/red]" in run("show", "cloud-0001", "-v", corpus).out


def test_a_name_of_a_file_cannot_steer_it_either(run: Run, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "v", [question()], [], release())
    (folder / "questions" / "x\x1b[31m.yaml").write_text("[")
    result = run("check", "-v", folder)
    assert "\x1b" not in result.err
    assert result.code == 1
