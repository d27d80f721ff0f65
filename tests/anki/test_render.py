"""Our renderer of Anki's template language, judged by the official anki package."""

from pathlib import Path
from typing import Any

import gallery
import pytest

from staffml_anki import data
from staffml_anki.cards.note import NoteMaker
from staffml_anki.cards.notetype import load_templates
from staffml_anki.cards.render import render, render_note
from staffml_anki.decks.recipe import find_recipe
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.package.build import Request, build
from staffml_anki.vault import QuestionId, load_vault


@pytest.mark.parametrize("which", ["the shipped vault", "the gallery"])
def test_every_card_is_rendered_exactly_as_anki_renders_it(collection: Any, tmp_path: Path, which: str) -> None:
    from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    path = data.VAULT if which == "the shipped vault" else gallery.write(tmp_path / "vault")
    package = tmp_path / "x.apkg"
    build(Request(vault=path, recipe=find_recipe("complete"), out=package, now=1_790_000_000))
    collection.import_anki_package(
        ImportAnkiPackageRequest(package_path=str(package), options=ImportAnkiPackageOptions())
    )
    vault, templates = load_vault(path), load_templates()
    maker = NoteMaker(vault)
    style = f"<style>{templates.css}</style>"
    seen = 0
    for card in map(collection.get_card, collection.find_cards("")):
        note = maker.note(vault.questions[QuestionId(card.note()["ID"])])
        ours = render_note(note, templates)
        assert style + ours.front == card.question()
        assert style + ours.back == card.answer()
        seen += 1
    assert seen == len(vault.questions) >= 36


TEMPLATES = (
    "{{A}}",
    "{{ A }}",
    "a{{#A}}b{{A}}{{/A}}c{{^A}}d{{/A}}e",
    "{{#B}}x{{^A}}y{{/A}}{{#A}}z{{/A}}{{/B}}{{^B}}none{{/B}}",
    "{{^A}}{{#B}}1{{/B}}{{^B}}2{{/B}}{{/A}}.",
    "{{# A }}x{{/ A }}",
    "<script>if (a) { b = {c: {}} }</script>{{A}}",
    "}} {{A}} }}",
    "{{B}}\n\n{{A}}\n",
)
VALUES = ("", " ", "<br>", "<div></div>", "<BR/> <br />\n", "\u00a0", "x", "0", "<b></b>", "{{B}}", "&nbsp;", "<br><p>")


@pytest.fixture
def note(collection: Any) -> Any:
    """A note of a type with the fields A, B and C: C keeps the front from being blank."""
    models = collection.models
    model = models.new("small")
    for name in "ABC":
        models.add_field(model, models.new_field(name))
    template = models.new_template("card")
    template["qfmt"], template["afmt"] = "{{C}}", "{{FrontSide}}"
    models.add_template(model, template)
    models.add_dict(model)
    made = collection.new_note(models.by_name("small"))
    made["C"] = "c"
    return made


@pytest.mark.parametrize("value", VALUES, ids=ascii)
@pytest.mark.parametrize("template", TEMPLATES)
def test_conditions_and_fields_follow_anki_to_the_letter(note: Any, template: str, value: str) -> None:
    note["A"], note["B"] = value, "<i>b</i>"
    kind = note.note_type()["tmpls"][0] | {"qfmt": "{{C}}" + template, "afmt": template + "|{{FrontSide}}|" + template}
    card = note.ephemeral_card(custom_template=kind, fill_empty=False).render_output(reload=False)
    fields = dict(note.items())
    front = render("{{C}}" + template, fields)
    assert front == card.question_text
    assert render(kind["afmt"], fields | {"FrontSide": front}) == card.answer_text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{#A}}x", r"\{\{#A\}\} is never closed"),
        ("x{{/A}}", r"\{\{/A\}\} closes what is not open"),
        ("{{#A}}{{#B}}{{/A}}{{/B}}", r"\{\{/A\}\} closes what is not open"),
        ("{{Nothing}}", r"\{\{Nothing\}\}: no such field"),
        ("{{^Nothing}}{{/Nothing}}", r"\{\{\^Nothing\}\}: no such field"),
        ("{{text:A}}", r"\{\{text:A\}\}: no such field; only plain fields are known"),
        ("{{Tags}}", r"\{\{Tags\}\}: no such field"),
    ],
)
def test_what_anki_would_not_show_like_this_is_refused(template: str, message: str) -> None:
    with pytest.raises(StaffmlAnkiError, match=message):
        render(template, {"A": "a", "B": "b"})


def test_what_stands_in_a_field_is_no_template() -> None:
    assert render("{{A}}{{#A}}{{B}}{{/A}}", {"A": "{{B}}{{/A}}", "B": "{{A}}"}) == "{{B}}{{/A}}{{A}}"
