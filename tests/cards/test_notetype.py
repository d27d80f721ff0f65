"""The note type is frozen."""

from datetime import UTC, datetime

import pytest

from staffml_anki import data
from staffml_anki.cards import notetype
from staffml_anki.errors import StaffmlAnkiError

WHY = (
    "The note type is FROZEN: learners have it in their collections. With another id, name, field, field order or "
    "template name, importing the next release makes a second note type, leaves every note as it was, or forces a full "
    "sync on every phone. Put new content into a field that is there, or into a Reserved one."
)


def test_the_schema_is_frozen() -> None:
    assert notetype.ID == 1_746_363_000_001, WHY
    assert notetype.NAME == "StaffML Question", WHY
    assert notetype.TEMPLATE == "Question", WHY
    assert notetype.FIELDS == (
        "ID", "Title", "Scenario", "Question", "Options", "Correct Option", "Answer",
        "Napkin Assumptions", "Napkin Calculations", "Napkin Conclusion", "Napkin Math",
        "Pitfall", "Rationale", "Consequence", "Common Mistake", "Visual", "Resources",
        "Track", "Level", "Area", "Topic", "Zone", "Bloom", "Phase",
        "Chain", "Chain Position", "Chain Steps", "Previous Step", "Next Step",
        "Minutes", "Math Verified", "Human Reviewed", "Source", "Licence", "My Notes",
        "Reserved 1", "Reserved 2", "Reserved 3", "Reserved 4",
    ), WHY  # fmt: skip
    assert notetype.FIELDS[notetype.SORT_FIELD] == "Title", WHY


def test_a_change_of_the_templates_moves_their_date() -> None:
    """Anki takes over a template only from a note type that is newer than its own."""
    known = {
        "2026-11-23": "98a76053c3fc4d3fb0a1863d99895e2c",
        "2026-11-25": "d1ebad8365655b7cda323bfaf8ca7336",
        "2026-12-01": "a789212dbf4817d425bcce32b6a88dbc",
    }
    changed = notetype.TEMPLATES_CHANGED
    digest = notetype.load_templates().digest
    assert known.get(changed.date().isoformat()) == digest, (
        f"card_templates/ changed: set TEMPLATES_CHANGED in cards/notetype.py to now, and add its date with {digest} here"
    )
    assert changed.tzinfo is UTC
    assert changed <= datetime.now(UTC)


def test_templates_css_and_script_together_are_small() -> None:
    """A phone reads all of it for every side of every card."""
    sources = sum(path.stat().st_size for path in data.CARD_TEMPLATES.iterdir())
    templates = notetype.load_templates()
    given = sum(len(text.encode()) for text in (templates.front, templates.back, templates.css))
    assert max(sources, given) < 30_000


def test_the_script_is_one_function_and_no_template_of_ankis() -> None:
    """The desktop runs it again in the same page, where a second `let` at top level would be an error."""
    templates = notetype.load_templates()
    bare, script = templates.without_script()
    assert "<script" not in bare.front + bare.back
    assert templates.front.count("<script>") == 1
    assert script.strip().startswith("(function () {")
    assert script.strip().endswith("})();")
    assert "{{" not in script
    assert "</" + "script" not in script


def test_templates_that_learners_have_are_known_as_ours() -> None:
    """A sync updates what we shipped and leaves alone what the learner changed: it has to know the one from the other."""
    from staffml_anki.cards.learner_css import split_learner_block

    templates = notetype.load_templates()
    parts = (templates.front, templates.back, split_learner_block(templates.css)[1])
    last = ("855389e34c847aab", "37ad406c7f11d369", "59c35ec3b6970128")
    assert tuple(map(notetype.part_digest, parts)) == last, (
        f"card_templates/ changed: add those of {last} that differ to SHIPPED in cards/notetype.py, and write the new ones here"
    )
    assert not notetype.SHIPPED & set(last)


def test_the_templates_use_only_fields_that_exist() -> None:
    import re

    templates = notetype.load_templates()
    used = set(re.findall(r"\{\{[#^/]?([^}]+)\}\}", templates.front + templates.back))
    assert used - set(notetype.FIELDS) == {"FrontSide"}


def test_a_broken_template_folder_is_one_clear_line(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    with pytest.raises(StaffmlAnkiError, match=r"front.html.j2: no such card template"):
        notetype.load_templates(folder)
    (folder / "front.html.j2").write_text("[[ nothing ]]")
    with pytest.raises(StaffmlAnkiError, match="broken card template: 'nothing' is undefined"):
        notetype.load_templates(folder)
