"""A question becomes a note."""

from pathlib import Path

import pytest
from factory import chain, question, release, sample, write_folder

from staffml_anki.cards.note import Note, NoteMaker, guid_of
from staffml_anki.cards.notetype import FIELDS
from staffml_anki.cards.tags import tag
from staffml_anki.vault import QuestionId, Vault, load_vault
from staffml_anki.vault.sections import split_common_mistake, split_napkin_math


def note_of(vault: Vault, question_id: str) -> Note:
    return NoteMaker(vault).note(vault.questions[QuestionId(question_id)])


def fields_of(vault: Vault, question_id: str = "cloud-0001") -> dict[str, str]:
    return dict(zip(FIELDS, note_of(vault, question_id).fields, strict=True))


@pytest.fixture
def vault(vault_folder: Path) -> Vault:
    return load_vault(vault_folder)


def test_a_guid_comes_from_the_id_alone_and_never_changes() -> None:
    assert guid_of(QuestionId("cloud-0001")) == "A[8Oopf3l$", "a new GUID makes every note a new note: reviews are lost"


def test_the_same_question_is_the_same_note_whatever_else_is_in_the_vault(tmp_path: Path) -> None:
    alone = load_vault(write_folder(tmp_path / "a", [question("x")], [], release()))
    among = load_vault(write_folder(tmp_path / "b", [question("x"), question("y")], [], release()))
    assert note_of(alone, "x") == note_of(among, "x")


def test_every_field_has_what_its_name_says(vault: Vault) -> None:
    fields = fields_of(vault, "cloud-0003")
    assert fields["ID"] == "cloud-0003"
    assert fields["Title"] == "Cloud Step 3: Größe &amp; L3"
    assert fields["Scenario"] == "A 70B model has to fit on 80 GB cards at $3M a year."
    assert (
        fields["Answer"] == "<p>Answer 3 of cloud: <code>a &lt; b &amp;&amp; c &gt; d</code> at $0.023/GB … $11.5M.</p>"
    )
    assert fields["Napkin Assumptions"].startswith("<ul>\n<li>70B params, 2 bytes each, &lt;50ms a token.")
    assert r"\(\frac{989}{3.35} \approx 295\) FLOP/byte, at $3/hour." in fields["Napkin Calculations"]
    assert fields["Napkin Conclusion"] == "<ul>\n<li><strong>Two cards.</strong> 140 GB &gt; 80 GB.</li>\n</ul>"
    assert fields["Napkin Math"] == ""
    assert fields["Pitfall"] == "<p>Counting weights only.</p>"
    assert fields["Rationale"] == "<p>They are what the model card states.</p>"
    assert fields["Consequence"] == "<p>Out of memory at 32 requests.</p>"
    assert fields["Resources"].startswith('<ul><li><a href="https://example.org/?a=1&amp;b=2"')
    axes = ("Track", "Level", "Area", "Topic", "Zone", "Bloom", "Phase", "Minutes")
    assert [fields[axis] for axis in axes] == [
        "Cloud", "L3", "memory", "KV cache management", "fluency", "apply", "inference", "6",
    ]  # fmt: skip
    assert (fields["Math Verified"], fields["Human Reviewed"]) == ("yes", "yes")
    assert fields["Licence"] == "CC-BY-NC-4.0"
    assert [fields[name] for name in FIELDS[-5:]] == [""] * 5


def test_options_and_the_right_one(vault: Vault) -> None:
    fields = fields_of(vault)
    assert fields["Options"] == (
        '<ol class="options"><li>4 GB</li><li>a &lt;n&gt; c</li><li><strong>16</strong> GB</li>'
        r"<li>\(2^5\) GB</li></ol>"
    )
    assert fields["Correct Option"] == "C"


def test_a_place_in_a_chain_names_the_steps_beside_it(vault: Vault) -> None:
    fields = fields_of(vault, "cloud-0003")
    assert fields["Chain"] == "KV cache management L3→L5"
    assert fields["Chain Position"] == "1/3"
    assert fields["Previous Step"] == ""
    assert fields["Next Step"] == "L4 Cloud Step 4: Größe &amp; L4"
    assert fields["Chain Steps"].count("<ol") == 2, "one strip for each chain"
    assert fields["Chain Steps"].count('aria-current="step"') == 2


def test_a_title_far_off_in_the_chain_touches_no_other_note(tmp_path: Path) -> None:
    members = [question(f"q{n}", level=level) for n, level in enumerate(("L1", "L2", "L3", "L4"))]
    before = load_vault(write_folder(tmp_path / "a", members, [chain("c", *members)]))
    members[3]["title"] = "Another"
    after = load_vault(write_folder(tmp_path / "b", members, [chain("c", *members)]))
    changed = [q for q in before.questions if note_of(before, q) != note_of(after, q)]
    assert changed == ["q2", "q3"]


def test_a_drawing_becomes_media_with_alt_text_and_caption(vault: Vault) -> None:
    note = note_of(vault, "cloud-0002")
    assert note.media is not None
    assert note.media.name.startswith("staffml-cloud-0002-")
    fields = dict(zip(FIELDS, note.fields, strict=True))
    assert fields["Visual"] == (
        f'<figure class="visual"><img src="{note.media.name}" alt="Bars &quot;A&quot; &lt; B">'
        "<figcaption>Two bars.</figcaption></figure>"
    )


def test_two_drawings_with_one_file_name_do_not_collide(tmp_path: Path) -> None:
    visual = {"kind": "svg", "path": "same.svg", "alt": "x"}
    questions = [question("a", visual=visual), question("a.", track="edge", visual=visual)]
    vault = load_vault(write_folder(tmp_path, questions))
    names = {note.media.name for q in vault.questions if (note := note_of(vault, q)).media}
    assert len(names) == 2


def test_tags(vault: Vault) -> None:
    assert note_of(vault, "cloud-0003").tags == (
        "StaffML::area::memory",
        "StaffML::chain::chain-a",
        "StaffML::chain::chain-b",
        "StaffML::has::napkin-math",
        "StaffML::human-reviewed",
        "StaffML::level::L3",
        "StaffML::math-verified",
        "StaffML::phase::inference",
        "StaffML::topic::kv-cache-management",
        "StaffML::track::cloud",
        "StaffML::zone::fluency",
    )


@pytest.mark.parametrize(
    ("part", "expected"),
    [("two words", "two-words"), ("a::b", "a-b"), ('say "x"', "say-x-"), (":", "-"), ("ünï", "ünï")],
)
def test_a_tag_never_splits_or_nests_by_accident(part: str, expected: str) -> None:
    assert tag("chain", part) == f"StaffML::chain::{expected}"


def test_nothing_in_a_note_changes_with_the_release(tmp_path: Path) -> None:
    questions, chains = sample()
    one = load_vault(write_folder(tmp_path / "1", questions, chains, release()))
    two = load_vault(write_folder(tmp_path / "2", questions, chains, release("2027-01-01T00:00:00", "9.9.9")))
    assert [note_of(one, q) for q in one.questions] == [note_of(two, q) for q in two.questions]


# The three stages and the three parts.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Assumptions & Constraints:**\n- a\n\n**Calculations:**\n- b\n\n**Conclusion & Interpretation:**\n- c", ("", "- a", "- b", "- c")),
        ("**Assumptions:** a\n**Calculation:** b\n**Conclusion:** c", ("", "a", "b", "c")),
        ("Given x.\n\n**Calculations:**\nb", ("Given x.", "", "b", "")),
        ("10 × 2 = 20 GB", ("10 × 2 = 20 GB", "", "", "")),
        ("**Result: memory-bound.** x", ("**Result: memory-bound.** x", "", "", "")),
        ("**Calculations:**\n1\n**Calculations:**\n2", ("", "", "1\n\n2", "")),
        ("- **Conclusion**: c", ("", "", "", "c")),
        ("**Conclusion: 42 GB, memory bound.**", ("", "", "", "**42 GB, memory bound.**")),
        ("**Assumptions (FP16, batch 8):**\n- a", ("", "**(FP16, batch 8)** - a", "", "")),
        ("**Calculation error is 5%** so x", ("**Calculation error is 5%** so x", "", "", "")),
        ("```\n**Calculations:**\n```\n**Conclusion:** c", ("```\n**Calculations:**\n```", "", "", "c")),
        (
            "1. **Assumptions & Constraints:**\n   - a\n   - b\n2. **Calculations:**\n   - c\n     - d\n3. **Conclusion:**\n   - e",
            ("", "- a\n- b", "- c\n  - d", "- e"),
        ),
        ("", ("", "", "", "")),
    ],
)  # fmt: skip
def test_napkin_math_falls_into_its_stages(text: str, expected: tuple[str, ...]) -> None:
    assert split_napkin_math(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**The Pitfall:** a\n**The Rationale:** b\n**The Consequence:** c", ("", "a", "b", "c")),
        ("**Pitfall**: a\n**Consequence**: c", ("", "a", "", "c")),
        ("Thinking it is ten.", ("Thinking it is ten.", "", "", "")),
        ("**The Pitfall costs $3M a year:** a", ("**The Pitfall costs $3M a year:** a", "", "", "")),
    ],
)
def test_a_common_mistake_falls_into_its_parts(text: str, expected: tuple[str, ...]) -> None:
    assert split_common_mistake(text) == expected
