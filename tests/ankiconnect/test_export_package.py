"""What exportPackage writes, and what becomes of cards in filtered decks, as far as the sync relies on it."""

import zipfile
from pathlib import Path

import genanki
import pytest
from anki.collection import Collection, ExportAnkiPackageOptions, ImportAnkiPackageRequest
from releases import OLD, Release, exported, later, note_of, rows_of
from speakers import Remote, RemoteError


def test_an_export_holds_notes_cards_reviews_and_decks_in_a_plain_database(addon: Remote, tmp_path: Path) -> None:
    Release(addon, {"": ["1"], "::Sub": ["2"]}).send(tmp_path)
    first, second = note_of(addon, "1"), note_of(addon, "2")
    addon.call("answerCards", answers=[{"cardId": first["cards"][0], "ease": 3}])
    (row,) = exported(addon, tmp_path, f"SELECT guid, mod, tags FROM notes WHERE id = {first['noteId']}")
    assert row == (genanki.guid_for("staffml-anki", f"{addon.token}-1"), OLD, " StaffML::a ")
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
