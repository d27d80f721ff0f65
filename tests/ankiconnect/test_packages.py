"""What importPackage and exportPackage do, as far as the sync relies on it: with packages as our writer makes them.

The importer is Anki's own, so this pins what Anki 26.09 does; see test_contract.py for who is asked.
"""

import io
import json
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import genanki
import pytest
from anki.collection import Collection, ExportAnkiPackageOptions, ImportAnkiPackageRequest
from speakers import Remote, RemoteError

from staffml_anki.cards import notetype
from staffml_anki.cards.note import Note
from staffml_anki.decks.layout import Deck
from staffml_anki.decks.recipe import Preset
from staffml_anki.package.manifest import Stamp
from staffml_anki.package.writer import Contents, package_bytes
from staffml_anki.vault import QuestionId

OLD = 1_700_000_000
DEFAULT = 1
"""The id of the Default preset."""


@dataclass(frozen=True)
class Release:
    """A package: questions by deck. Decks, questions and the preset get the test's token into their names."""

    remote: Remote
    decks: Mapping[str, Sequence[str]]
    mod: int = OLD
    answer: str = "old"
    tags: tuple[str, ...] = ("StaffML::a",)
    description: str = ""
    preset: Preset = field(default_factory=Preset)
    change: Callable[[dict[str, Any]], None] | None = None
    """Applied to each deck's JSON."""

    def write(self, path: Path) -> Path:
        decks = [
            Deck(self.remote.deck + name, self.description, tuple(map(self.id, questions)))
            for name, questions in self.decks.items()
        ]
        ids = [question for deck in decks for question in deck.questions]
        contents = Contents(
            decks=decks,
            notes={question: self.note(question) for question in ids},
            stamps={question: Stamp(hash="", mod=self.mod) for question in ids},
            templates=notetype.load_templates(),
            notetype_stamp=Stamp(hash="", mod=OLD),
            preset=self.preset.model_copy(update={"name": f"{self.preset.name} {self.remote.token}"}),
        )
        path.write_bytes(_changed(package_bytes(contents), self.change or (lambda deck: None)))
        return path

    def id(self, question: str) -> QuestionId:
        return QuestionId(f"{self.remote.token}-{question}")

    def note(self, question: QuestionId) -> Note:
        known = {"ID": question, "Title": f"Title of {question}", "Question": "?", "Answer": self.answer}
        fields = tuple(known.get(name, "") for name in notetype.FIELDS)
        return Note(question, genanki.guid_for("contract", question), fields, self.tags)

    def send(self, folder: Path) -> None:
        assert self.remote.call("importPackage", path=str(self.write(folder / "release.apkg"))) is True


def _changed(package: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "collection.anki2":
                with database(data) as connection:
                    decks = json.loads(connection.execute("SELECT decks FROM col").fetchone()[0])
                    for deck in decks.values():
                        change(deck)
                    connection.execute("UPDATE col SET decks = ?", [json.dumps(decks)])
                    connection.commit()
                    data = connection.serialize()
            new.writestr(name, data)
    return buffer.getvalue()


@contextmanager
def database(data: bytes) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(data)
        yield connection


def rows_of(package: Path, query: str) -> list[tuple[Any, ...]]:
    with zipfile.ZipFile(package) as archive, database(archive.read("collection.anki21")) as connection:
        return connection.execute(query).fetchall()


def exported(remote: Remote, folder: Path, query: str, deck: str | None = None) -> list[tuple[Any, ...]]:
    """What a query finds in an export with scheduling, by default of the test's own tree."""
    path = folder / "export.apkg"
    assert remote.call("exportPackage", deck=deck or remote.deck, path=str(path), includeSched=True) is True
    return rows_of(path, query)


def deck_of(remote: Remote, folder: Path, name: str = "") -> tuple[str, str, int]:
    """A deck's (description, name of the preset, new cards a day of the preset), the token taken out."""
    ((decks, presets),) = exported(remote, folder, "SELECT decks, dconf FROM col")
    decks, presets = json.loads(decks), json.loads(presets)
    (deck,) = [deck for deck in decks.values() if deck["name"] == remote.deck + name]
    preset = presets[str(deck["conf"])]
    return deck["desc"], preset["name"].removesuffix(f" {remote.token}"), preset["new"]["perDay"]


def note_of(remote: Remote, question: str) -> dict[str, Any]:
    """notesInfo, with the fields as a plain mapping."""
    (info,) = remote.call("notesInfo", notes=remote.call("findNotes", query=f'"ID:{remote.token}-{question}"'))
    return {**info, "fields": {name: value["value"] for name, value in info["fields"].items()}}


def later() -> int:
    """Newer than any edit of just now: Anki takes a modification time that lies ahead."""
    return int(time.time()) + 100


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


# Export


def test_an_export_holds_notes_cards_reviews_and_decks_in_a_plain_database(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"], "::Sub": ["2"]}).send(tmp_path)
    first, second = note_of(addon, "1"), note_of(addon, "2")
    addon.call("answerCards", answers=[{"cardId": first["cards"][0], "ease": 3}])
    (row,) = exported(addon, tmp_path, f"SELECT guid, mod, tags FROM notes WHERE id = {first['noteId']}")
    assert row == (genanki.guid_for("contract", f"{addon.token}-1"), OLD, " StaffML::a ")
    with zipfile.ZipFile(tmp_path / "export.apkg") as archive:
        assert set(archive.namelist()) == {"meta", "collection.anki21", "collection.anki2", "media"}
    ids = sorted([first["noteId"], second["noteId"]])
    assert exported(addon, tmp_path, "SELECT id FROM notes ORDER BY id") == [(number,) for number in ids]
    assert exported(addon, tmp_path, "SELECT cid, ease FROM revlog") == [(first["cards"][0], 3)]
    decks = addon.call("deckNamesAndIds")
    assert dict(exported(addon, tmp_path, "SELECT id, did FROM cards")) == {
        first["cards"][0]: decks[addon.deck],
        second["cards"][0]: decks[f"{addon.deck}::Sub"],
    }


def test_an_export_without_scheduling_has_no_reviews(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"]}).send(tmp_path)
    addon.call("answerCards", answers=[{"cardId": note_of(addon, "1")["cards"][0], "ease": 3}])
    addon.call("exportPackage", deck=addon.deck, path=str(tmp_path / "plain.apkg"))
    assert rows_of(tmp_path / "plain.apkg", "SELECT count() FROM revlog") == [(0,)]


def test_an_export_is_of_one_tree_and_leaves_out_what_was_moved_away(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"], "::Sub": ["2"]}).send(tmp_path)
    addon.call("changeDeck", cards=note_of(addon, "1")["cards"], deck=f"{addon.deck} moved")
    titles = exported(addon, tmp_path, "SELECT sfld FROM notes", deck=addon.deck.upper())
    assert titles == [(f"Title of {addon.token}-2",)], "names match in any case"
    for deck in ("*", "", f"{addon.deck}*", f"{addon.deck}::"):
        assert addon.call("exportPackage", deck=deck, path=str(tmp_path / "x.apkg"), includeSched=True) is False
    assert not (tmp_path / "x.apkg").exists()


def test_an_export_into_a_missing_folder_is_an_error(addon: Remote, tmp_path: Path) -> None:
    with pytest.raises(RemoteError, match="No such file or directory"):
        addon.call("exportPackage", deck="Default", path=str(tmp_path / "missing" / "x.apkg"))


# Filtered decks


def filtered(remote: Remote, folder: Path, name: str) -> str:
    """Questions 1 (in the tree's own deck) and 2 (in ::Sub), both borrowed by a filtered deck: as Anki exports it."""
    collection = Collection(str(folder / "source.anki2"))
    package = Release(remote, {"": ["1"], "::Sub": ["2"]}).write(folder / "unfiltered.apkg")
    collection.import_anki_package(ImportAnkiPackageRequest(package_path=str(package)))
    deck = collection.sched.get_or_create_filtered_deck(0)  # type: ignore[arg-type]
    deck.name = name
    deck.config.search_terms[0].search = f'"deck:{remote.deck}"'
    collection.sched.add_or_update_filtered_deck(deck)
    options = ExportAnkiPackageOptions(with_scheduling=True, with_deck_configs=True, with_media=True, legacy=True)
    path = folder / "filtered.apkg"
    collection.export_anki_package(out_path=str(path), options=options, limit=None)
    collection.close()
    assert remote.call("importPackage", path=str(path)) is True
    return name


def test_a_card_in_a_filtered_deck_is_shown_there_and_found_at_home(addon: Remote, tmp_path: Path) -> None:
    name = filtered(addon, tmp_path, f"{addon.deck}::Filtered")
    first, second = (note_of(addon, question)["cards"] for question in "12")
    assert name in addon.call("deckNames")
    assert addon.call("getDecks", cards=first + second) == {name: first + second}
    assert [card["deckName"] for card in addon.call("cardsInfo", cards=first + second)] == [name, name]
    assert addon.call("findCards", query=f'"deck:{addon.deck}::Sub"') == second
    assert addon.call("findCards", query=f'"deck:{addon.deck}::Sub" -deck:filtered') == []
    home = dict(exported(addon, tmp_path, "SELECT id, odid FROM cards"))
    decks = addon.call("deckNamesAndIds")
    assert home == {first[0]: decks[addon.deck], second[0]: decks[f"{addon.deck}::Sub"]}


def test_an_export_leaves_out_what_a_filtered_deck_elsewhere_has_borrowed(addon: Remote, tmp_path: Path) -> None:
    filtered(addon, tmp_path, f"Filtered {addon.token}")
    assert exported(addon, tmp_path, "SELECT count() FROM cards") == [(0,)]


def test_a_newer_note_leaves_its_card_in_the_filtered_deck(addon: Remote, tmp_path: Path) -> None:
    name = filtered(addon, tmp_path, f"{addon.deck}::Filtered")
    Release(addon, {"": ["1"], "::Sub": ["2", "3"]}, later(), answer="new").send(tmp_path)
    assert note_of(addon, "2")["fields"]["Answer"] == "new"
    borrowed = [note_of(addon, question)["cards"][0] for question in "12"]
    assert addon.call("getDecks", cards=borrowed) == {name: borrowed}


def test_changing_the_deck_rips_a_card_out_of_a_filtered_deck(addon: Remote, tmp_path: Path) -> None:
    name = filtered(addon, tmp_path, f"{addon.deck}::Filtered")
    first, second = (note_of(addon, question)["cards"][0] for question in "12")
    addon.call("changeDeck", cards=[first], deck=f"{addon.deck}::Sub")
    assert addon.call("getDecks", cards=[first, second]) == {f"{addon.deck}::Sub": [first], name: [second]}
    assert exported(addon, tmp_path, f"SELECT odid FROM cards WHERE id = {first}") == [(0,)]


def test_a_card_suspended_in_a_filtered_deck_stays_there(addon: Remote, tmp_path: Path) -> None:
    name = filtered(addon, tmp_path, f"{addon.deck}::Filtered")
    first = note_of(addon, "1")["cards"]
    addon.call("suspend", cards=first)
    assert addon.call("getDecks", cards=first) == {name: first}


def test_nothing_stops_a_card_from_being_stranded_in_a_filtered_deck(addon: Remote, tmp_path: Path) -> None:
    name = filtered(addon, tmp_path, f"{addon.deck}::Filtered")
    Release(addon, {"": ["3"]}).send(tmp_path)
    card = note_of(addon, "3")["cards"]
    addon.call("changeDeck", cards=card, deck=name)
    rows = exported(addon, tmp_path, f"SELECT did, odid FROM cards WHERE id = {card[0]}")
    assert rows == [(addon.call("deckNamesAndIds")[name], 0)], "in the filtered deck, and no way home"


def test_a_package_deck_named_like_a_filtered_deck_is_renamed(addon: Remote, tmp_path: Path) -> None:
    name = filtered(addon, tmp_path, f"{addon.deck}::Filtered")
    Release(addon, {"::Filtered": ["3"]}).send(tmp_path)
    (deck,) = addon.call("getDecks", cards=note_of(addon, "3")["cards"])
    assert deck != name
    assert deck.startswith(name)
