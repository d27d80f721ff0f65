"""Bad input gets one clear line: no traceback, no hang, nothing half done."""

import json
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factory import question, write_corpus, write_database, write_folder

from staffml_anki.errors import VaultError
from staffml_anki.reading import MAX_YAML
from staffml_anki.vault import load_vault

GOOD = "questions/cloud/memory/cloud-0001.yaml"


def refused(path: Path) -> str:
    with pytest.raises(VaultError) as caught:
        load_vault(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(str(path)).removeprefix(": ")


def test_a_missing_path(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone") == "no such file or folder; give a vault folder, a corpus.json or a vault.db"


def test_an_empty_folder(tmp_path: Path) -> None:
    assert refused(tmp_path) == "is empty"


def test_a_folder_that_is_not_a_vault(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("sun")
    assert refused(tmp_path) == "is not a vault: it holds no questions/, corpus.json or vault.db"


def test_a_vault_without_questions(tmp_path: Path) -> None:
    (tmp_path / "questions").mkdir()
    assert refused(tmp_path) == "its questions/ folder holds no .yaml file"


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe").startswith("is not a regular file")


def test_the_summary_corpus(tmp_path: Path) -> None:
    empty = question(scenario="")
    empty["details"] = {"realistic_solution": "", "napkin_math": ""}
    path = tmp_path / "corpus-summary.json"
    path.write_text(json.dumps([empty]))
    assert refused(path) == "holds no answers (is it corpus-summary.json?); give corpus.json, the full one"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 1},\n {"id" 2}]', "line 2: broken JSON: Expecting ':' delimiter"),
        ('{"id": 1}', "is not a corpus: it holds dict where a list of questions is expected"),
        ('[{"chain_id": "x"}]', "holds chains, not questions; give the folder it lies in"),
        ("[" * 100_000, "broken JSON: nested too deeply"),
        ('[{"id": 1' + "0" * 5000 + "}]", "broken JSON: Exceeds the limit (4300 digits)"),
    ],
)
def test_a_broken_corpus(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "corpus.json"
    path.write_text(text)
    assert refused(path).startswith(message)


def test_a_corpus_with_odd_items_keeps_the_good_ones(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "corpus.json", [question()])
    items = json.loads(path.read_text())
    path.write_text(json.dumps([7, *items, {"id": "cloud-2", "title": "\ud800"}]))
    vault = load_vault(path)
    assert list(vault.questions) == ["cloud-0001"]
    assert str(vault.problems[0]) == "corpus.json[0]: found a number; a question is a mapping of keys to values"
    assert {p.file for p in vault.problems[1:]} == {"corpus.json[2]"}


LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"id: [unclosed", "line 2: broken YAML: did not find expected ',' or ']'"),
        (b"id: a\nid b\n", "line 3: broken YAML: could not find expected ':'"),
        (LAUGHS.encode(), "line 2: YAML alias *a is not allowed in a vault; write the value out"),
        (b"a: 1\nb: 2\na: 3\n", "line 3: broken YAML: the key a stands twice"),
        (b"a: !!python/object/apply:os.system [x]", "line 1: broken YAML: could not determine a constructor"),
        (b"a: " + b"[" * 100_000, "line 1: nested more than 500 levels deep"),
        (b"- " * 100_000, "line 1: nested more than 500 levels deep"),
        (b"{a: " * 40_000, "line 1: nested more than 500 levels deep"),
        (b"[ #]\n" * 40_000, "line 501: nested more than 500 levels deep"),
        (b"a: " + b'["]",' * 40_000, "line 1: nested more than 500 levels deep"),
        (b"a: \xff\xfe", "line 1: not UTF-8 (byte 3); save the file as UTF-8"),
        (b"a: b\nb: x\x00y\n", "line 2: broken YAML: character U+0000 is not allowed"),
        (b"a: 2026-99-99T99:99:99\n", "broken YAML: month must be in 1..12"),
        (b"just text", "found a text; a question is a mapping of keys to values"),
        (b"", "found nothing; a question is a mapping of keys to values"),
        (b"? [a, b]\n: 1\n", "found a mapping"),
        (b"x: " + b"y" * (MAX_YAML + 1), "is larger than 1 MB; no vault file of this kind should be"),
    ],
)
def test_a_broken_question_file_is_reported_and_the_others_are_read(tmp_path: Path, data: bytes, message: str) -> None:
    write_folder(tmp_path, [question()])
    bad = tmp_path / "questions" / "bad.yaml"
    bad.write_bytes(data)
    vault = load_vault(tmp_path)
    assert list(vault.questions) == ["cloud-0001"]
    assert {p.file for p in vault.problems} == {"questions/bad.yaml"}
    if not message.startswith("found a mapping"):
        assert str(vault.problems[0]).removeprefix("questions/bad.yaml: ").startswith(message)


def test_brackets_in_text_are_not_depth(tmp_path: Path) -> None:
    write_folder(tmp_path, [question(scenario="[" * 600 + " - ? " * 300)])
    assert len(load_vault(tmp_path).questions) == 1


def test_a_number_too_large_to_print_concerns_its_file_only(tmp_path: Path) -> None:
    write_folder(tmp_path, [question()])
    corpus = write_corpus(tmp_path / "corpus.json", [question("b"), question()])
    corpus.write_text(corpus.read_text().replace('"id": "b"', '"id": 7' + "0" * 4000))
    assert list(load_vault(corpus).questions) == ["cloud-0001"]
    assert "id: found a very large number; input should be a valid string" in str(load_vault(corpus).problems[0])


def test_text_made_to_keep_a_program_busy_is_refused_at_once(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "c.json", [question(**{"details.napkin_math": "1. " * 100_000})])
    (problem,) = load_vault(corpus).problems
    assert "has 300,000 characters; a card holds at most 20,000" in str(problem)


@pytest.mark.skipif(os.name != "posix", reason="names that are not UTF-8 exist on POSIX systems only")
def test_a_file_name_that_is_not_utf8_is_a_problem_like_any_other(tmp_path: Path) -> None:
    write_folder(tmp_path, [question()])
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/questions/\xff.yaml")).write_text("[")
    (problem,) = load_vault(tmp_path).problems
    assert problem.file == "questions/\ufffd.yaml"


def test_halves_of_characters_never_reach_a_name(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [question("a", level="L1"), question("b", level="L2")])
    (folder / "chains.json").write_text('[{"chain_id": "c\\ud800", "questions": [{"id": "a"}, {"id": "b"}]}]')
    (folder / "release.json").write_text('{"release_id": "1\\udfff"}')
    vault = load_vault(folder)
    assert [chain.id for chain in vault.chains] == ["c?"]
    assert vault.release.id == "1?"


def test_a_release_policy_that_is_no_file_is_not_ignored(tmp_path: Path) -> None:
    write_folder(tmp_path, [question()])
    (tmp_path / "release-policy.yaml").mkdir()
    with pytest.raises(VaultError, match=r"release-policy\.yaml: "):
        load_vault(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    write_folder(tmp_path, [question()])
    plain = load_vault(tmp_path).questions
    path = tmp_path / GOOD
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_vault(tmp_path).questions == plain
    corpus = write_corpus(tmp_path / "corpus.json", [question(scenario="a\r\nb\rc")])
    (loaded,) = load_vault(corpus).questions.values()
    assert loaded.scenario == "a\nb\nc"


@pytest.mark.parametrize("character", ["\x00", "\x1f", "\x1b"])
def test_control_characters_are_refused_by_name(tmp_path: Path, character: str) -> None:
    path = write_corpus(tmp_path / "corpus.json", [question(scenario=f"a{character}b"), question("b")])
    vault = load_vault(path)
    assert list(vault.questions) == ["b"]
    expected = f"corpus.json[0]: scenario: holds the control character U+{ord(character):04X}; remove it"
    assert [str(p) for p in vault.problems] == [expected]


def test_aliases_in_a_sidecar_are_refused_too(tmp_path: Path) -> None:
    write_folder(tmp_path, [question()])
    (tmp_path / "chains.json").unlink()
    (tmp_path / "chains.yaml").write_text("a: &a [1]\nchains: *a\n")
    assert "alias *a is not allowed" in str(load_vault(tmp_path).problems[0])


# Drawings.


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../../etc/passwd", "a\\..\\b.svg", "c:x.svg", "", "a/../../../b.svg"]
)
def test_a_drawing_outside_the_vault_is_refused(tmp_path: Path, path: str) -> None:
    write_folder(tmp_path, [question()])
    raw = question(visual={"kind": "svg", "path": path})
    (tmp_path / GOOD).write_text(json.dumps(raw))
    vault = load_vault(tmp_path)
    assert not vault.questions
    assert "leads out of the vault" in str(vault.problems[0])


def test_a_link_that_leaves_the_vault_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    folder = write_folder(tmp_path / "v", [question(visual={"kind": "svg", "path": "x.svg"})])
    drawing = folder / "visuals" / "cloud" / "x.svg"
    drawing.unlink()
    drawing.symlink_to(secret)
    (folder / "questions" / "linked.yaml").symlink_to(tmp_path / "secret.svg")
    assert sorted(str(p) for p in load_vault(folder).problems) == [
        f"{GOOD}: visual.path: found 'x.svg'; the drawing is a link that leaves the vault",
        "questions/linked.yaml: is a link that leaves the vault",
    ]


NS = 'xmlns="http://www.w3.org/2000/svg"'


@pytest.mark.parametrize(
    ("svg", "why"),
    [
        (f"<svg {NS}><script>alert(1)</script></svg>", "holds <script>"),
        (f'<svg {NS} onload="alert(1)"/>', "event handler onload"),
        (f'<svg {NS}><a href="javascript:alert(1)"/></svg>', "holds <a>"),
        (f'<svg {NS} xmlns:x="http://www.w3.org/1999/xlink"><use x:href="https://e.org/a#b"/></svg>', "outside itself"),
        (f'<svg {NS}><image href="https://e.org/a.png"/></svg>', "holds <image>"),
        (f'<svg {NS}><rect style="fill:url(https://e.org/#a)"/></svg>', "outside itself (in style)"),
        (f"<svg {NS}><style>@import 'https://e.org/a.css';</style></svg>", "outside itself (in its style)"),
        (f"<svg {NS}><style>rect{{fill:u\\72l(https://e.org)}}</style></svg>", "outside itself (in its style)"),
        (f"<svg {NS}><style>a{{x:image-set('https://e.org/a')}}</style></svg>", "outside itself (in its style)"),
        (f"<svg {NS}><style>@im/**/port 'https://e.org'</style></svg>", "outside itself (in its style)"),
        (f'<svg {NS} style="background:src(https://e.org)"/>', "outside itself (in style)"),
        (f'<svg {NS} xml:base="https://e.org/"/>', "holds base"),
        (f'<?xml version="1.0" encoding="utf-7"?><svg {NS}/>', "broken SVG|is declared as utf-7"),
        (f'<?xml version="1.0" encoding="ISO-2022-JP"?><svg {NS}/>', "broken SVG|is declared as ISO-2022-JP"),
        (f"<svg {NS}><foreignObject/></svg>", "holds <foreignObject>"),
        (f"<svg {NS}><animate attributeName='href'/></svg>", "holds <animate>"),
        (f"<svg {NS}><b xmlns='http://www.w3.org/1999/xhtml'/></svg>", "holds HTML"),
        (f"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg {NS}>&a;</svg>", "holds a DOCTYPE"),
        (f"<?xml-stylesheet href='https://e.org/a.css'?><svg {NS}/>", "processing instruction"),
        ("<svg/>", "is not an SVG"),
        ("<html/>", "is not an SVG"),
        (f"<svg {NS}>", "line 1: broken SVG: no element found"),
        ("\x89PNG", "broken SVG"),
    ],
)
def test_a_drawing_that_is_not_inert_is_refused(tmp_path: Path, svg: str, why: str) -> None:
    folder = write_folder(tmp_path, [question(visual={"kind": "svg", "path": "x.svg"})], svg=svg)
    vault = load_vault(folder)
    assert not vault.questions
    assert re.search("|".join(map(re.escape, why.split("|"))), str(vault.problems[0]))


def test_an_ordinary_drawing_with_gradients_and_styles_is_taken(tmp_path: Path) -> None:
    svg = (
        f'<?xml version="1.0"?><svg {NS} xmlns:x="http://www.inkscape.org/"><x:meta/><style>.a{{fill:url( #g )}}</style>'
        '<defs><linearGradient id="g"/></defs><rect class="a"/><use href="#g"/><text>a &lt; b</text></svg>'
    )
    folder = write_folder(tmp_path, [question(visual={"kind": "svg", "path": "x.svg"})], svg=svg)
    assert load_vault(folder).visuals == {"cloud-0001": svg.encode()}


# Databases.


def test_a_database_that_is_not_one(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    path.write_bytes(b"hello")
    assert refused(path) == "is not a SQLite database; download the release's vault.db again"


def test_a_database_that_is_not_a_vault(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    connection.close()
    assert refused(path) == "is a database but not a vault: it has no table 'questions'"


def test_a_view_in_the_place_of_a_table_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE VIEW questions AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x FROM n"
    )
    connection.commit()
    connection.close()
    assert "has no table 'questions'" in refused(path)


def test_a_database_in_write_ahead_mode_is_read_without_a_trace(tmp_path: Path) -> None:
    path = write_database(tmp_path / "vault.db", [question()])
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("UPDATE questions SET title = 'New'")
    writer.commit()
    assert "has changes that are not written yet (vault.db-wal)" in refused(path)
    writer.close()
    assert [q.title for q in load_vault(path).questions.values()] == ["New"]
    assert [p.name for p in tmp_path.iterdir()] == ["vault.db"]


@pytest.mark.parametrize("keep", [100, 5000, -3000])
def test_a_truncated_database(tmp_path: Path, keep: int) -> None:
    path = write_database(tmp_path / "vault.db", [question(f"cloud-{n:04d}") for n in range(200)])
    path.write_bytes(path.read_bytes()[:keep])
    assert refused(path).startswith("cannot be read as a vault database (")


def test_a_locked_database(tmp_path: Path) -> None:
    path = write_database(tmp_path / "vault.db", [question()])
    holder = sqlite3.connect(path)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        message = refused(path)
    finally:
        holder.close()
    assert message == "cannot be read as a vault database (database is locked); close the program that uses it"


def test_broken_json_and_text_in_a_database_concern_their_row_only(tmp_path: Path) -> None:
    path = write_database(tmp_path / "vault.db", [question("a"), question("b"), question("c")])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE questions SET options_json = '[1,' WHERE id = 'a'")
    connection.execute("UPDATE questions SET title = CAST(x'ff41' AS TEXT) WHERE id = 'b'")
    connection.commit()
    connection.close()
    vault = load_vault(path)
    assert list(vault.questions) == ["c"]
    assert [p.file for p in vault.problems] == ["vault.db:a", "vault.db:b"]


@pytest.mark.parametrize("text", ["[1]", "{", '{"created_at": 7}', '{"created_at": "soon"}', '{"release_id": 3}'])
def test_a_broken_release_file_is_a_problem_and_no_more(tmp_path: Path, text: str) -> None:
    write_folder(tmp_path, [question()])
    (tmp_path / "release.json").write_text(text)
    vault = load_vault(tmp_path)
    assert len(vault.questions) == 1
    assert len(vault.problems) == 1


def test_the_command_line_says_each_in_one_line(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("build", "--vault", tmp_path / "gone")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("staffml-anki: ")
    assert result.err.count("\n") == 1
