"""What importPackage does, as far as the sync relies on it: the importer is Anki's own, so this pins Anki 26.09."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import genanki
import pytest
from releases import OLD, Release, deck_of, later, note_of
from speakers import Remote, RemoteError

from staffml_anki.cards import notetype
from staffml_anki.decks.recipe import Preset

DEFAULT = 1
"""The id of the Default preset."""


# Notes in a package


def test_new_notes_come_with_their_tags_times_and_decks(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"], "::Sub": ["2"]}, tags=("StaffML::a", "mine")).send(tmp_path)
    note = note_of(addon, "2")
    assert (note["modelName"], note["tags"]) == (notetype.NAME, ["mine", "StaffML::a"])
    assert note["fields"] == dict.fromkeys(notetype.FIELDS, "") | {
        "ID": f"{addon.token}-2",
        "Title": f"Title of {addon.token}-2",
        "Question": "?",
        "Answer": "old",
    }
    assert addon.call("getDecks", cards=note["cards"]) == {f"{addon.deck}::Sub": note["cards"]}
    if addon.build == "2025":
        assert note["mod"] == OLD


def test_a_note_that_is_not_newer_stays_as_it_is(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1", "2"]}).send(tmp_path)
    edited = note_of(addon, "2")
    addon.call("updateNoteFields", note={"id": edited["noteId"], "fields": {"My Notes": "mine", "Answer": "theirs"}})
    addon.call("addTags", notes=[edited["noteId"]], tags="mine")
    before = [note_of(addon, "1"), note_of(addon, "2")]
    Release(addon, {"": ["1", "2"]}, answer="new", tags=("StaffML::b",)).send(tmp_path)
    assert [note_of(addon, "1"), note_of(addon, "2")] == before


def test_a_newer_note_replaces_fields_and_tags_and_leaves_the_card(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"]}).send(tmp_path)
    old = note_of(addon, "1")
    addon.call("updateNoteFields", note={"id": old["noteId"], "fields": {"My Notes": "mine", "Answer": "theirs"}})
    addon.call("addTags", notes=[old["noteId"]], tags="mine")
    addon.call("answerCards", answers=[{"cardId": old["cards"][0], "ease": 3}])
    addon.call("suspend", cards=old["cards"])
    addon.call("changeDeck", cards=old["cards"], deck=f"{addon.deck} moved")
    before = addon.call("cardsInfo", cards=old["cards"])
    mod = later()
    Release(addon, {"": ["1"]}, mod=mod, answer="new", tags=("StaffML::b",)).send(tmp_path)
    note = note_of(addon, "1")
    assert (note["noteId"], note["cards"]) == (old["noteId"], old["cards"])
    assert (note["fields"]["Answer"], note["fields"]["My Notes"], note["tags"]) == ("new", "", ["StaffML::b"])
    after = addon.call("cardsInfo", cards=old["cards"])
    for card in (*before, *after):
        for rendered in ("fields", "question", "answer"):
            del card[rendered]
    assert after == before, "deck, suspension and schedule stay, and the card is not even touched"
    assert len(addon.call("getReviewsOfCards", cards=old["cards"])[str(old["cards"][0])]) == 1
    if addon.build == "2025":
        assert note["mod"] == mod


def test_kept_fields_and_tags_are_what_the_package_brings(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"]}).send(tmp_path)
    Release(addon, {"": ["1"]}, mod=later(), answer="theirs", tags=("mine", "StaffML::b")).send(tmp_path)
    assert note_of(addon, "1")["tags"] == ["mine", "StaffML::b"]


def test_a_deleted_note_comes_back_and_one_that_is_left_out_stays(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1", "2"]}).send(tmp_path)
    addon.call("deleteNotes", notes=[note_of(addon, "1")["noteId"]])
    Release(addon, {"": ["1"]}).send(tmp_path)
    assert note_of(addon, "1")["fields"]["Answer"] == "old"
    assert note_of(addon, "2")["fields"]["Answer"] == "old"


def test_a_note_made_by_hand_is_not_the_same_note(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"]}).send(tmp_path)
    fields = {"ID": f"{addon.token}-2", "Title": "by hand", "Question": "?"}
    addon.call("addNote", note={"deckName": addon.deck, "modelName": notetype.NAME, "fields": fields})
    Release(addon, {"": ["2"]}, mod=later()).send(tmp_path)
    assert len(addon.call("findNotes", query=f'"ID:{addon.token}-2"')) == 2, "identity is the GUID, not the first field"


# Decks and presets in a package


@pytest.mark.parametrize(
    ("description", "preset", "expected"),
    [
        ("", DEFAULT, ("mine", "Mine", 7)),
        ("ours", DEFAULT, ("ours", "Mine", 7)),
        ("", None, ("mine", "Ours", 10)),
        ("ours", None, ("ours", "Ours", 10)),
    ],
)
def test_a_deck_that_is_there_takes_a_description_that_is_not_empty_and_a_preset_that_is_not_default(
    addon: Remote, tmp_path: Path, description: str, preset: int | None, expected: tuple[str, str, int]
) -> None:
    """So a delta names the decks that are there with an empty description and the Default preset."""
    mine = Preset(name="Mine", new_per_day=7)
    Release(addon, {"": ["1"]}, description="mine", preset=mine).send(tmp_path)
    assert deck_of(addon, tmp_path) == ("mine", "Mine", 7)

    def change(deck: dict[str, Any]) -> None:
        deck["conf"] = deck["conf"] if preset is None else preset

    again = Release(addon, {"": ["1", "2"]}, OLD - 1, description=description, preset=Preset(name="Ours"))
    replace(again, change=change).send(tmp_path)
    assert deck_of(addon, tmp_path) == expected


def test_a_preset_that_is_there_keeps_its_numbers(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"]}, preset=Preset(new_per_day=7)).send(tmp_path)
    Release(addon, {"": ["1"], "::New": ["2"]}, later(), preset=Preset(new_per_day=9)).send(tmp_path)
    assert [deck_of(addon, tmp_path, name) for name in ("", "::New")] == [("", "StaffML", 7)] * 2


def test_a_new_deck_has_the_packages_description_and_preset(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"::A::B": ["1"]}, description="ours").send(tmp_path)
    assert deck_of(addon, tmp_path, "::A::B") == ("ours", "StaffML", 10)
    assert deck_of(addon, tmp_path, "::A") == ("", "Default", 20), "a parent that the package does not name"


def test_a_parent_without_cards_is_made_as_named_and_an_empty_deck_is_not(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": [], "::A": ["1"], "::Empty": []}, description="ours").send(tmp_path)
    assert deck_of(addon, tmp_path) == ("ours", "StaffML", 10)
    assert f"{addon.deck}::Empty" not in addon.call("deckNames")


def test_an_existing_card_stays_and_only_new_ones_go_where_the_package_says(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"]}).send(tmp_path)
    Release(addon, {"::Sub": ["1", "2"]}, later(), answer="new").send(tmp_path)
    cards = [note_of(addon, question)["cards"] for question in "12"]
    assert addon.call("getDecks", cards=[*cards[0], *cards[1]]) == {
        addon.deck: cards[0],
        f"{addon.deck}::Sub": cards[1],
    }


# What is refused


def test_a_deck_with_a_preset_that_is_not_in_the_package_is_refused_whole(addon: Remote, tmp_path: Path) -> None:
    path = Release(addon, {"": ["1"]}, change=lambda deck: deck.update(conf=123)).write(tmp_path / "broken.apkg")
    with pytest.raises(RemoteError, match="No such deck config: '123'"):
        addon.call("importPackage", path=str(path))
    assert addon.call("findNotes", query=f'"ID:{addon.token}-1"') == []


def test_a_file_that_is_missing_or_no_package_is_an_error(addon: Remote, tmp_path: Path) -> None:
    missing = tmp_path / "missing.apkg"
    with pytest.raises(RemoteError, match=f"^Failed to open '{missing}': No such file or directory"):
        addon.call("importPackage", path=str(missing))
    missing.write_text("nonsense")
    with pytest.raises(RemoteError, match="not a valid|invalid|Invalid"):
        addon.call("importPackage", path=str(missing))


# Note types in a package: one of our own, because it is changed


def send_note(
    remote: Remote,
    folder: Path,
    mod: int,
    answer: str,
    fields: Sequence[str] = ("ID", "Back"),
    template: str = "Card",
    css: str = "",
) -> None:
    number = int(remote.token, 16) + 1_000_000_000_000
    model = genanki.Model(
        number,
        f"Contract {remote.token}",
        fields=[{"name": name} for name in fields],
        templates=[{"name": template, "qfmt": "{{ID}}", "afmt": "{{Back}}"}],
        css=css,
    )
    deck = genanki.Deck(number, remote.deck)
    values = {"ID": remote.token, "Back": answer}
    deck.add_note(genanki.Note(model, [values.get(name, "more") for name in fields], guid=remote.token))
    genanki.Package(deck).write_to_file(folder / "note.apkg", timestamp=mod)
    remote.call("importPackage", path=str(folder / "note.apkg"))


def the_note(remote: Remote) -> tuple[dict[str, str], int]:
    """Fields and number of cards of the only note."""
    (info,) = remote.call("notesInfo", notes=remote.call("findNotes", query=f'"note:Contract {remote.token}"'))
    return {name: field["value"] for name, field in info["fields"].items()}, len(info["cards"])


def test_a_newer_note_type_brings_its_css_and_an_older_one_does_not(addon: Remote, tmp_path: Path) -> None:
    model = f"Contract {addon.token}"
    for mod, css, expected in (
        (OLD, "/* 1 */", "/* 1 */"),
        (OLD + 9, "/* 2 */", "/* 2 */"),
        (OLD, "/* 3 */", "/* 2 */"),
    ):
        send_note(addon, tmp_path, mod, "b", css=css)
        assert addon.call("modelStyling", modelName=model) == {"css": expected}
    addon.call("updateModelStyling", model={"name": model, "css": "/* mine */"})
    send_note(addon, tmp_path, later(), "b", css="/* 4 */")
    assert addon.call("modelStyling", modelName=model) == {"css": "/* 4 */"}, "theirs is lost"


@pytest.mark.parametrize("ahead", [False, True])
def test_a_field_more_is_merged_and_touches_every_note_so_that_only_one_dated_ahead_is_newer(
    addon: Remote, tmp_path: Path, ahead: bool
) -> None:
    send_note(addon, tmp_path, OLD, "old")
    send_note(addon, tmp_path, later() if ahead else OLD + 9, "new", fields=("ID", "Back", "More"))
    expected = {"Back": "new", "More": "more"} if ahead else {"Back": "old", "More": ""}
    assert the_note(addon) == ({"ID": addon.token, **expected}, 1)


def test_a_field_of_the_learners_own_is_emptied_by_a_newer_note_without_it(addon: Remote, tmp_path: Path) -> None:
    send_note(addon, tmp_path, OLD, "old")
    addon.call("modelFieldAdd", modelName=f"Contract {addon.token}", fieldName="Mine")
    (note,) = addon.call("findNotes", query=f'"note:Contract {addon.token}"')
    addon.call("updateNoteFields", note={"id": note, "fields": {"Mine": "precious"}})
    send_note(addon, tmp_path, OLD, "old")
    assert the_note(addon)[0]["Mine"] == "precious"
    send_note(addon, tmp_path, later(), "new")
    assert the_note(addon)[0] == {"ID": addon.token, "Back": "new", "Mine": ""}


def test_fields_are_matched_by_name_so_a_package_can_bring_the_learners_own(addon: Remote, tmp_path: Path) -> None:
    send_note(addon, tmp_path, OLD, "old")
    addon.call("modelFieldAdd", modelName=f"Contract {addon.token}", fieldName="Mine", index=0)
    send_note(addon, tmp_path, later(), "new", fields=("ID", "Back", "Mine"))
    assert the_note(addon)[0] == {"ID": addon.token, "Back": "new", "Mine": "more"}


def test_a_template_of_another_name_is_added_and_doubles_the_cards(addon: Remote, tmp_path: Path) -> None:
    send_note(addon, tmp_path, OLD, "old")
    send_note(addon, tmp_path, OLD, "old", template="Other")
    assert list(addon.call("modelTemplates", modelName=f"Contract {addon.token}")) == ["Card", "Other"]
    assert the_note(addon)[1] == 2
