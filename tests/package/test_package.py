"""The package: same input, same bytes; small; whole or not at all."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import genanki
import pytest
from conftest import NOW
from factory import question, release, sample, write_corpus, write_folder

from staffml_anki.cards.note import NoteMaker
from staffml_anki.cards.notetype import load_templates
from staffml_anki.errors import OutputError, StaffmlAnkiError
from staffml_anki.files import write_whole
from staffml_anki.package.build import BrokenVaultError
from staffml_anki.package.writer import anki_model, deck_id
from staffml_anki.vault import load_vault

BUILD = """
import sys, time
from pathlib import Path
from staffml_anki.decks.recipe import find_recipe
from staffml_anki.package.build import Request, build
build(Request(Path(sys.argv[1]), find_recipe("complete"), Path(sys.argv[2]), int(sys.argv[3])))
"""


def many(count: int) -> list[dict[str, Any]]:
    levels = ("L1", "L2", "L3", "L4", "L5", "L6+")
    return [question(f"cloud-{n:04d}", level=levels[n % 6], title=f"Question {n}") for n in range(count)]


def test_same_input_same_bytes_whatever_hash_seed_and_clock(vault_folder: Path, tmp_path: Path) -> None:
    packages, manifests = set(), set()
    for seed, clock in ((1, 1_790_000_000), (2, 1_800_000_000)):
        folder = tmp_path / f"out{seed}"
        folder.mkdir()
        env = os.environ | {"PYTHONHASHSEED": str(seed), "TZ": ("UTC", "Asia/Tokyo")[seed % 2]}
        arguments = [sys.executable, "-c", BUILD, str(vault_folder), str(folder / "a.apkg"), str(clock)]
        subprocess.run(arguments, env=env, check=True)
        packages.add((folder / "a.apkg").read_bytes())
        manifests.add((folder / "a.manifest.json").read_bytes())
    assert len(packages) == 1
    assert len(manifests) == 1


def test_building_again_writes_nothing_and_reports_the_same(
    vault_folder: Path, tmp_path: Path, build_package: Callable[..., Any]
) -> None:
    out = tmp_path / "a.apkg"
    first = build_package(vault_folder, out)
    before = (out.stat().st_mtime_ns, out.read_bytes())
    again = build_package(vault_folder, out)
    assert (out.stat().st_mtime_ns, out.read_bytes()) == before
    assert (first.added, first.up_to_date) == (12, False)
    assert (again.added, again.unchanged, again.up_to_date) == (0, 12, True)
    assert (again.questions, again.decks, again.bytes) == (first.questions, first.decks, first.bytes)


@pytest.mark.parametrize("harm", ["touch", "cut", "gone", "recipe", "vault", "narrow"])
def test_anything_that_changed_is_built_again(
    vault_folder: Path, tmp_path: Path, build_package: Callable[..., Any], harm: str
) -> None:
    out = tmp_path / "a.apkg"
    build_package(vault_folder, out)
    more: dict[str, Any] = {}
    if harm == "touch":
        out.touch()
    elif harm == "cut":
        out.write_bytes(out.read_bytes()[:-10])
    elif harm == "gone":
        out.unlink()
    elif harm == "recipe":
        more = {"recipe": "by-level"}
    elif harm == "narrow":
        from staffml_anki.vault.select import Selection

        more = {"narrow": Selection(track=("edge",))}
    else:
        write_folder(vault_folder, [question(title="Another")])
    outcome = build_package(vault_folder, out, **more)
    assert outcome.up_to_date == (harm == "touch"), "only content counts, not a time"
    assert zipfile.ZipFile(out).testzip() is None


def test_the_package_is_at_most_half_of_what_genanki_writes(
    tmp_path: Path, build_package: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # genanki leaves its temporary database behind
    folder = write_folder(tmp_path / "v", many(300), [], release())
    out = tmp_path / "a.apkg"
    build_package(folder, out)
    vault = load_vault(folder)
    maker, model = NoteMaker(vault), anki_model(load_templates())
    deck = genanki.Deck(1, "StaffML")
    for each in vault.questions.values():
        note = maker.note(each)
        deck.add_note(genanki.Note(model, list(note.fields), tags=list(note.tags), guid=note.guid))
    bare = io.BytesIO()
    genanki.Package(deck).write_to_file(bare)
    assert out.stat().st_size * 2 <= len(bare.getvalue())


def test_no_file_is_left_beside_the_two_that_were_asked_for(
    vault_folder: Path, tmp_path: Path, build_package: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    out = tmp_path / "out"
    out.mkdir()
    build_package(vault_folder, out / "a.apkg")
    assert sorted(p.name for p in out.iterdir()) == ["a.apkg", "a.manifest.json"]
    assert list(scratch.iterdir()) == []


def test_media_have_their_index_names_and_bytes(
    vault_folder: Path, tmp_path: Path, build_package: Callable[..., Any]
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    with zipfile.ZipFile(tmp_path / "a.apkg") as archive:
        names = json.loads(archive.read("media"))
        assert [name[:19] for name in names.values()] == ["staffml-cloud-0002-"]
        assert archive.read("0").startswith(b"<svg")


def test_deck_ids_are_fixed() -> None:
    assert deck_id("StaffML") == 1654675877481, "a deck's id comes from its name alone and never changes"


def test_a_broken_question_is_skipped_and_named_and_strict_builds_nothing(
    tmp_path: Path, build_package: Callable[..., Any]
) -> None:
    folder = write_folder(tmp_path / "v", [question("a"), question("b", level="L9")])
    with pytest.raises(BrokenVaultError, match="has 1 error and --strict was asked for; nothing was built"):
        build_package(folder, tmp_path / "a.apkg", strict=True)
    assert not (tmp_path / "a.apkg").exists()
    outcome = build_package(folder, tmp_path / "a.apkg")
    assert outcome.questions == 1
    assert [p.question for p in outcome.skipped] == ["b"]
    again = build_package(folder, tmp_path / "a.apkg")
    assert again.up_to_date
    assert again.skipped == outcome.skipped


def test_a_strict_build_is_not_satisfied_by_an_earlier_lax_one(
    tmp_path: Path, build_package: Callable[..., Any]
) -> None:
    folder = write_folder(tmp_path / "v", [question("a"), question("b", level="L9")])
    build_package(folder, tmp_path / "a.apkg")
    with pytest.raises(BrokenVaultError):
        build_package(folder, tmp_path / "a.apkg", strict=True)


def test_another_earlier_manifest_means_building_again(tmp_path: Path, build_package: Callable[..., Any]) -> None:
    folder = write_folder(tmp_path / "v", [question("a")], [], release())
    build_package(folder, tmp_path / "a.apkg")
    build_package(folder, tmp_path / "b.apkg")
    assert not build_package(folder, tmp_path / "a.apkg", previous=tmp_path / "b.manifest.json").up_to_date


def test_a_recipe_s_own_preset_reaches_the_package(tmp_path: Path) -> None:
    from staffml_anki.decks.recipe import Preset
    from staffml_anki.package.writer import _preset

    made = _preset(
        Preset(
            name="Own",
            new_per_day=3,
            reviews_per_day=44,
            learning_steps=(2.0,),
            relearning_steps=(7.0,),
            desired_retention=0.85,
        ),
        5,
    )
    assert (made["name"], made["new"]["perDay"], made["rev"]["perDay"]) == ("Own", 3, 44)
    assert (made["new"]["delays"], made["lapse"]["delays"], made["desiredRetention"]) == ([2.0], [7.0], 0.85)


def test_a_recipe_that_names_what_the_vault_lacks_builds_the_rest_and_says_so(
    vault_folder: Path, tmp_path: Path, build_package: Callable[..., Any]
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("{name: mine, title: M, deck: M, output: m.apkg, select: {id: [cloud-0001, cloud-001]}}")
    outcome = build_package(vault_folder, tmp_path / "a.apkg", str(mine))
    assert outcome.questions == 1
    (notice,) = outcome.notices
    assert notice.startswith("recipe mine asks for id cloud-001: not in this vault; did you mean cloud-0001?")


def test_a_mark_that_a_shape_cannot_carry_is_named(tmp_path: Path, build_package: Callable[..., Any]) -> None:
    corpus = write_corpus(tmp_path / "corpus.json", [question("a")])
    mine = tmp_path / "mine.yaml"
    mine.write_text("{name: mine, title: M, deck: M, output: m.apkg, select: {human_reviewed: true}}")
    with pytest.raises(StaffmlAnkiError, match="a corpus carries no human_reviewed"):
        build_package(corpus, tmp_path / "a.apkg", str(mine))


def test_a_drawing_that_changed_is_built_again(
    vault_folder: Path, tmp_path: Path, build_package: Callable[..., Any]
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    drawing = vault_folder / "visuals" / "cloud" / "bars.svg"
    drawing.write_text(drawing.read_text().replace("#abc", "#def"))
    outcome = build_package(vault_folder, tmp_path / "a.apkg")
    assert (outcome.up_to_date, outcome.updated) == (False, 1)


def test_a_vault_of_nothing_but_broken_questions_builds_nothing(
    tmp_path: Path, build_package: Callable[..., Any]
) -> None:
    folder = write_folder(tmp_path / "v", [question("b", level="L9")])
    with pytest.raises(StaffmlAnkiError, match="holds no question that can be published"):
        build_package(folder, tmp_path / "a.apkg")
    assert list(tmp_path.glob("*.apkg")) == []


# Writing.


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"gone: no such folder; create it first"):
        write_whole({tmp_path / "gone" / "a.apkg": b"x"})


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder; give the name of a file"):
        write_whole({tmp_path: b"x"})


def test_a_read_only_folder() -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("needs a folder that not even root can write to: /proc, on Linux")
    with pytest.raises(OutputError, match=r"/proc/a\.apkg: cannot be written"):
        write_whole({Path("/proc/a.apkg"): b"x"})


@pytest.mark.parametrize("named", [False, True])
def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool) -> None:
    out = tmp_path / "a.apkg"
    out.write_bytes(b"old")
    if named:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(
            OutputError, match=r"cannot be written \(file too large\); the old file, if any, is untouched"
        ):
            write_whole({out: b"x" * 100_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert out.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.apkg"]


def test_where_one_of_two_files_cannot_be_written_neither_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").mkdir()
    with pytest.raises(OutputError, match="b: is a folder"):
        write_whole({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_an_interrupt_between_two_files_comes_after_the_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[str] = []
    replace = Path.replace
    (tmp_path / "a").write_bytes(b"old")

    def interrupted(self: Path, target: Path) -> Path:
        replace(self, target)
        moved.append(target.name)
        if len(moved) == 1:
            raise KeyboardInterrupt
        return target

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert moved == ["a", "b"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_a_link_is_written_through_and_a_pipe_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole({tmp_path / "link": b"x"})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"x"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="is not a regular file"):
        write_whole({tmp_path / "pipe": b"x"})


def test_what_is_being_written_has_no_name_where_the_system_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(os, "O_TMPFILE"):
        pytest.skip("only Linux writes files without a name")
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append([p.name for p in tmp_path.iterdir()]))
    write_whole({tmp_path / "a": b"x"})
    assert seen == [[]]


def test_an_edited_account_in_the_manifest_means_building_again(
    vault_folder: Path, tmp_path: Path, build_package: Callable[..., Any]
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    path = tmp_path / "a.manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"outcome": {}}))
    assert not build_package(vault_folder, tmp_path / "a.apkg").up_to_date


@pytest.mark.parametrize("named", [False, True])
def test_a_written_file_has_the_permissions_of_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    if named:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    write_whole({tmp_path / "a": b"x"})
    (tmp_path / "b").write_bytes(b"x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_build_that_is_ended_at_any_moment_leaves_the_old_package_whole(
    tmp_path: Path, build_package: Callable[..., Any], with_signal: signal.Signals
) -> None:
    folder = write_corpus(tmp_path / "corpus.json", many(400))
    out = tmp_path / "out"
    out.mkdir()
    build_package(folder, out / "a.apkg")
    old = (out / "a.apkg").read_bytes()
    write_corpus(folder, [raw | {"title": "Changed"} for raw in many(400)])
    manifest = out / "a.manifest.json"
    manifest.unlink()
    build_package(folder, out / "a.apkg")
    new = (out / "a.apkg").read_bytes()
    clock = os.environ | {"SOURCE_DATE_EPOCH": str(NOW)}
    for step in range(12):
        (out / "a.apkg").write_bytes(old)
        manifest.unlink(missing_ok=True)
        program = Path(sys.executable).with_name("staffml-anki")
        command = [str(program), "build", "-v", str(folder), "-o", str(out / "a.apkg")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=clock)
        time.sleep(0.04 * (step + 1))
        process.send_signal(with_signal)
        _, err = process.communicate(timeout=60)
        # A negative code is the interpreter's own: the signal came before our first line or after our last.
        assert process.returncode in (0, 130, -signal.SIGINT, -with_signal) or "Fatal Python error" in err, err
        assert "staffml_anki/" not in err, "a traceback of ours"
        assert (out / "a.apkg").read_bytes() in (old, new)
        assert {p.name for p in out.iterdir()} <= {"a.apkg", "a.manifest.json"}


def test_the_sample_builds_with_every_shipped_recipe(tmp_path: Path, build_package: Callable[..., Any]) -> None:
    from staffml_anki.decks.recipe import shipped_recipes

    questions, chains = sample()
    for number, track in enumerate(("mobile", "tinyml", "global")):
        questions.append(question(f"{track}-0001", track=track, level=("L1", "L2", "L3")[number]))
    folder = write_folder(tmp_path / "v", questions, chains, release())
    for recipe in shipped_recipes():
        outcome = build_package(folder, tmp_path / recipe.output, recipe.name)
        assert outcome.questions > 0
