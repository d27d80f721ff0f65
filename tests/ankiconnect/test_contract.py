"""What AnkiConnect does with notes, cards, decks and note types, as far as the sync relies on it.

One suite for all that speak it (speakers.py), a real Anki among them: `make test-real`. That one must be on this
machine, with a profile to throw away: the suite leaves decks and note types in it.
"""

import importlib.util
import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from server import Server
from speakers import Remote, RemoteError, require_third_party

# Transport and envelopes


def test_a_reply_is_bare_up_to_version_4_and_an_envelope_from_5_on(remote: Remote) -> None:
    assert remote.reply("version", version=None) == 6
    assert remote.reply("version", version=4) == 6
    assert remote.reply("version", version=6) == {"result": 6, "error": None}


def test_an_error_is_an_envelope_in_every_version(remote: Remote) -> None:
    for version in (None, 4, 6):
        reply = remote.reply("nonsense", version=version)
        assert reply["result"] is None
        assert "nsupported action" in reply["error"]


def test_a_wrong_parameter_is_an_error(remote: Remote) -> None:
    with pytest.raises(RemoteError, match="nodes"):
        remote.call("addTags", nodes=[1], tags="x")


def test_a_key_that_nobody_asked_for_is_an_error(addon: Remote) -> None:
    assert addon.reply("version", key="x") == {"result": None, "error": "valid api key must be provided"}


def test_what_is_not_json_gets_an_error(addon: Remote) -> None:
    status, body = addon.send(b"nonsense")
    assert (status, json.loads(body)["result"]) == (200, None)
    assert json.loads(body)["error"].startswith("Expecting value")


def test_a_foreign_origin_gets_an_empty_403(addon: Remote) -> None:
    assert addon.send(b'{"action": "version", "version": 6}', Origin="http://example.org") == (403, b"")


def test_each_connection_is_closed_after_one_reply_without_saying_so(addon: Remote) -> None:
    target = urlsplit(addon.url)
    with socket.create_connection((str(target.hostname), target.port or 80), timeout=60) as connection:
        body = b'{"action": "version", "version": 6}'
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        head, _, rest = b"".join(iter(lambda: connection.recv(4096), b"")).partition(b"\r\n\r\n")
    assert json.loads(rest) == {"result": 6, "error": None}
    assert b"connection:" not in head.lower()


def test_a_body_of_nearly_a_megabyte_comes_through(remote: Remote) -> None:
    (note,) = remote.make_notes("a")
    text = "ü" * 450_000
    remote.call("updateNoteFields", note={"id": note, "fields": {"Back": text}})
    assert remote.call("notesInfo", notes=[note])[0]["fields"]["Back"]["value"] == text


def test_in_a_multi_each_action_has_its_own_version_and_fails_alone(remote: Remote) -> None:
    nonsense = {"action": "nonsense", "version": 6}
    old, new, failed, after = remote.call(
        "multi", actions=[{"action": "version"}, {"action": "version", "version": 6}, nonsense, {"action": "version"}]
    )
    assert (old, new, after) == (6, {"result": 6, "error": None}, 6)
    assert failed["result"] is None
    assert "nsupported action" in failed["error"]


def test_actions_can_be_asked_for(remote: Remote) -> None:
    asked = ["importPackage", "getActiveProfile", "notesModTime", "findModelsByName", "nonsense", "multi"]
    known = ["importPackage", "multi"]
    if remote.build == "2025":
        known = ["importPackage", "getActiveProfile", "notesModTime", "findModelsByName", "multi"]
    found = remote.call("apiReflect", scopes=["actions"], actions=asked)
    assert found == {"scopes": ["actions"], "actions": known}


def test_the_profile(addon: Remote) -> None:
    profiles = addon.call("getProfiles")
    if addon.build == "2025":
        assert addon.call("getActiveProfile") in profiles
    assert Path(addon.call("getMediaDirPath")).parent.is_dir()


def test_without_a_login_the_newer_build_says_so(addon: Remote) -> None:
    if addon.build == "2025":
        with pytest.raises(RemoteError, match="^sync: auth not configured$"):
            addon.call("sync")
    elif not addon.real:  # there it opens a dialog
        assert addon.call("sync") is None


# Notes


def test_notes_info_by_id_and_by_query(remote: Remote) -> None:
    made = remote.make_notes("a <b>b</b>", "c", tags=("x", "StaffML::y"))
    card = remote.cards(*made)[0]
    expected: dict[str, Any] = {
        "noteId": made[0],
        "modelName": f"Contract {remote.token}",
        "tags": ["StaffML::y", "x"],
        "fields": {"ID": {"value": "a <b>b</b>", "order": 0}, "Back": {"value": "b", "order": 1}},
    }
    if remote.build is not None:
        expected["cards"] = [card]
    (found,) = remote.call("notesInfo", notes=[made[0]])
    if remote.build == "2025":
        expected |= {"profile": remote.call("getActiveProfile"), "mod": found["mod"]}
        assert [info["noteId"] for info in remote.call("notesInfo", query=f"nid:{made[0]},{made[1]}")] == made
    else:
        problem = (
            "query"
            if remote.build is None
            else r"^AnkiConnect.notesInfo\(\) got an unexpected keyword argument 'query'$"
        )
        with pytest.raises(RemoteError, match=problem):
            remote.call("notesInfo", notes=[], query="x")
    assert found == expected


def test_a_missing_note_is_an_empty_object(remote: Remote) -> None:
    (note,) = remote.make_notes("a")
    found = [info.get("noteId") for info in remote.call("notesInfo", notes=[1, note, 2])]
    # The third-party server leaves it out, so that the list no longer lines up with the ids.
    assert found == ([note] if remote.build is None else [None, note, None])
    if remote.build == "2025":
        times = remote.call("notesModTime", notes=[note, 1])
        assert times == [{"noteId": note, "mod": remote.call("notesInfo", notes=[note])[0]["mod"]}, {}]


def test_the_first_field_is_a_notes_identity(addon: Remote) -> None:
    (note,) = addon.make_notes("a")
    model = f"Contract {addon.token}"
    duplicate, fine = addon.new_note(model, "<i>a</i>"), addon.new_note(model, "b")
    with pytest.raises(RemoteError, match="^cannot create note because it is a duplicate$"):
        addon.call("addNote", note=duplicate)
    with pytest.raises(RemoteError, match="^cannot create note because it is empty$"):
        addon.call("addNote", note=addon.new_note(model, ""))
    if addon.build == "2023":
        first, second = addon.call("addNotes", notes=[duplicate, fine])
        assert first is None
        assert addon.call("findNotes", query=f"note:{model!r}".replace("'", '"')) == [note, second]
    else:
        with pytest.raises(RemoteError) as raised:
            addon.call("addNotes", notes=[fine, duplicate])
        assert str(raised.value) == "['cannot create note because it is a duplicate']"
        assert addon.call("findNotes", query=f'"note:{model}"') == [note], "the batch is undone"


def test_an_added_note_lands_in_the_deck_unless_the_old_build_forgets_it(remote: Remote) -> None:
    cards = remote.cards(*remote.make_notes("a"))
    assert remote.call("getDecks", cards=cards) == {"Default" if remote.build == "2023" else remote.deck: cards}


def test_adding_needs_a_deck_and_a_note_type(addon: Remote) -> None:
    model = addon.make_model()
    with pytest.raises(RemoteError, match=f"^deck was not found: Contract {addon.token}$"):
        addon.call("addNote", note=addon.new_note(model, "a"))
    with pytest.raises(RemoteError, match="^model was not found: nonsense$"):
        addon.call("addNote", note=addon.new_note("nonsense", "a"))


def test_adding_takes_fields_in_any_case_and_updating_does_not(addon: Remote) -> None:
    model = addon.make_model()
    addon.call("createDeck", deck=addon.deck)
    wanted = {"deckName": addon.deck, "modelName": model, "fields": {"id": "a", "BACK": "b", "nonsense": "c"}}
    note = addon.call("addNote", note=wanted)
    assert addon.call("updateNoteFields", note={"id": note, "fields": {"back": "new", "nonsense": "c"}}) is None
    assert addon.call("notesInfo", notes=[note])[0]["fields"]["Back"]["value"] == "b"
    addon.call("updateNoteFields", note={"id": note, "fields": {"Back": "new"}})
    fields = addon.call("notesInfo", notes=[note])[0]["fields"]
    assert {name: field["value"] for name, field in fields.items()} == {"ID": "a", "Back": "new"}


def test_updating_a_missing_note_is_an_error_and_deleting_one_is_not(remote: Remote) -> None:
    with pytest.raises(RemoteError, match="ot found"):
        remote.call("updateNoteFields", note={"id": 1, "fields": {"Back": "new"}})
    with pytest.raises(RemoteError, match="^Note was not found: 1$"):
        remote.call("updateNoteTags", note=1, tags=["x"])
    (note,) = remote.make_notes("a")
    assert remote.call("deleteNotes", notes=[1, note]) is None
    assert remote.call("findNotes", query=f"nid:{note}") == []


def test_a_search_that_makes_no_sense_is_an_error(remote: Remote) -> None:
    with pytest.raises(RemoteError, match="^Invalid search"):
        remote.call("findNotes", query='deck:"')


def test_an_underscore_in_a_search_is_a_wildcard_unless_escaped(remote: Remote) -> None:
    exact, other = remote.make_notes(f"a_{remote.token}", f"ax{remote.token}")
    assert remote.call("findNotes", query=f"ID:a_{remote.token}") == [exact, other]
    assert remote.call("findNotes", query=f"ID:a\\_{remote.token}") == [exact]


# Tags


def test_removing_a_tag_removes_its_children_too(remote: Remote) -> None:
    notes = remote.make_notes("a", "b", tags=("src", "src::child", "srcs", "mine"))
    assert remote.call("removeTags", notes=[notes[0], 1], tags="SRC") is None
    assert [remote.call("getNoteTags", note=note) for note in notes] == [
        ["mine", "srcs"],
        ["mine", "src", "src::child", "srcs"],
    ]


def test_several_tags_are_added_and_removed_at_once(remote: Remote) -> None:
    notes = remote.make_notes("a", "b", tags=("mine",))
    assert remote.call("addTags", notes=[*notes, 1], tags="StaffML::a StaffML::b MINE") is None
    assert [remote.call("getNoteTags", note=note) for note in notes] == [["mine", "StaffML::a", "StaffML::b"]] * 2
    remote.call("removeTags", notes=notes, tags="StaffML::a mine")
    assert [remote.call("getNoteTags", note=note) for note in notes] == [["StaffML::b"]] * 2


def test_all_tags_of_a_note_are_set_at_once(remote: Remote) -> None:
    (note,) = remote.make_notes("a", tags=("old", "src", "src::child"))
    assert remote.call("updateNoteTags", note=note, tags=["new", "src::child"]) is None
    assert remote.call("getNoteTags", note=note) == ["new", "src::child"]


# Cards


def test_suspending_some_that_are_suspended_already_suspends_all(remote: Remote) -> None:
    cards = remote.cards(*remote.make_notes("a", "b", "c", "d"))
    remote.call("suspend", cards=cards[:2])
    assert remote.call("areSuspended", cards=cards) == [True, True, False, False]
    assert remote.call("suspend", cards=cards) is True
    assert remote.call("areSuspended", cards=cards) == [True] * 4
    remote.call("unsuspend", cards=cards[1:])
    assert remote.call("areSuspended", cards=cards) == [True, False, False, False]


def test_suspending_fails_whole_on_one_bad_id(addon: Remote) -> None:
    cards = addon.cards(*addon.make_notes("a", "b"))
    with pytest.raises(RemoteError, match="^Card was not found: 1$"):
        addon.call("suspend", cards=[cards[0], 1, cards[1]])
    assert addon.call("areSuspended", cards=[*cards, 1]) == [False, False, None]
    assert addon.call("suspend", cards=[]) is False
    assert addon.call("unsuspend", cards=cards) is None


def test_a_bad_id_behind_a_suspended_card_is_overlooked(addon: Remote) -> None:
    (card,) = addon.cards(*addon.make_notes("a"))
    addon.call("suspend", cards=[card])
    assert addon.call("suspend", cards=[card, 1]) is True


def test_cards_are_moved_into_a_deck_that_is_made(remote: Remote) -> None:
    notes = remote.make_notes("a", "b")
    cards = remote.cards(*notes)
    remote.call("changeDeck", cards=cards, deck=remote.deck)
    assert remote.call("changeDeck", cards=[cards[0], 1], deck=f"{remote.deck}::New::Deck") is None
    assert f"{remote.deck}::New" in remote.call("deckNames")
    assert remote.call("getDecks", cards=cards) == {f"{remote.deck}::New::Deck": cards[:1], remote.deck: cards[1:]}
    assert remote.call("deckNamesAndIds")[remote.deck] == remote.call("createDeck", deck=remote.deck)


def test_card_details(remote: Remote) -> None:
    notes = remote.make_notes("a", "b")
    cards = remote.cards(*notes)
    remote.call("changeDeck", cards=cards, deck=remote.deck)
    info = remote.call("cardsInfo", cards=[cards[0], 1])
    keys = {"cardId", "fields", "fieldOrder", "question", "answer", "modelName", "ord", "deckName", "css", "factor"}
    keys |= {"interval", "note", "type", "queue", "due", "reps", "lapses", "left", "mod"}
    keys |= {None: {"ease"}, "2023": set(), "2025": {"nextReviews", "flags"}}[remote.build]
    assert set(info[0]) == keys
    assert info[1:] == ([] if remote.build is None else [{}])
    assert (info[0]["note"], info[0]["deckName"], info[0]["queue"]) == (notes[0], remote.deck, 0)
    assert remote.call("cardsModTime", cards=[cards[0], 1]) == [{"cardId": cards[0], "mod": info[0]["mod"]}, {}]
    assert sorted(remote.call("cardsToNotes", cards=cards)) == notes


def test_reviews_have_string_keys(remote: Remote) -> None:
    first, second = remote.cards(*remote.make_notes("a", "b"))
    assert remote.call("answerCards", answers=[{"cardId": first, "ease": 3}, {"cardId": 1, "ease": 3}]) == [True, False]
    reviews = remote.call("getReviewsOfCards", cards=[first, second, 1])
    assert (reviews[str(second)], reviews["1"]) == ([], [])
    (review,) = reviews[str(first)]
    assert set(review) == {"id", "usn", "ease", "ivl", "lastIvl", "factor", "time", "type"}
    assert (review["ease"], review["type"]) == (3, 0)


# Note types


def test_templates_are_updated_but_not_emptied(addon: Remote) -> None:
    model = addon.make_model()
    change = {"Card": {"Front": "", "Back": "new {{Back}}"}, "nonsense": {"Front": "x"}}
    assert addon.call("updateModelTemplates", model={"name": model, "templates": change}) is None
    assert addon.call("modelTemplates", modelName=model) == {"Card": {"Front": "{{ID}}", "Back": "new {{Back}}"}}


def test_styling_is_updated(remote: Remote) -> None:
    model = remote.make_model()
    assert remote.call("updateModelStyling", model={"name": model, "css": "/* 2 */"}) is None
    assert remote.call("modelStyling", modelName=model) == {"css": "/* 2 */"}


def test_a_template_without_a_field_on_its_front_is_refused(remote: Remote) -> None:
    model = remote.make_model()
    with pytest.raises(RemoteError, match="has a problem"):
        remote.call("updateModelTemplates", model={"name": model, "templates": {"Card": {"Front": "x", "Back": "y"}}})
    assert remote.call("modelTemplates", modelName=model) == {"Card": {"Front": "{{ID}}", "Back": "{{Back}}"}}


def test_a_field_is_added_once(remote: Remote) -> None:
    (note,) = remote.make_notes("a")
    model = f"Contract {remote.token}"
    assert remote.call("modelFieldAdd", modelName=model, fieldName="More") is None
    remote.call("modelFieldAdd", modelName=model, fieldName="More", index=1)
    assert remote.call("modelFieldNames", modelName=model) == ["ID", "More", "Back"]
    assert remote.call("notesInfo", notes=[note])[0]["fields"]["More"] == {"value": "", "order": 1}
    assert model in remote.call("modelNames")
    assert isinstance(remote.call("modelNamesAndIds")[model], int)


def test_a_missing_note_type_is_an_error(addon: Remote) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("modelFieldNames", {"modelName": "nonsense"}),
        ("modelTemplates", {"modelName": "nonsense"}),
        ("modelStyling", {"modelName": "nonsense"}),
        ("modelFieldAdd", {"modelName": "nonsense", "fieldName": "x"}),
        ("updateModelStyling", {"model": {"name": "nonsense", "css": ""}}),
        ("updateModelTemplates", {"model": {"name": "nonsense", "templates": {}}}),
    ]
    calls += [("findModelsByName", {"modelNames": ["nonsense"]})] if addon.build == "2025" else []
    for action, parameters in calls:
        with pytest.raises(RemoteError, match="^model was not found: nonsense$"):
            addon.call(action, **parameters)


def test_a_note_type_is_made_once(addon: Remote) -> None:
    model = addon.make_model()
    with pytest.raises(RemoteError, match="^Model name already exists$"):
        addon.make_model()
    if addon.build == "2025":
        (found,) = addon.call("findModelsByName", modelNames=[model])
        assert [field["name"] for field in found["flds"]] == ["ID", "Back"]


# Media


def test_media_are_stored_and_found(remote: Remote) -> None:
    name = f"contract_{remote.token}.svg"
    stored = remote.call("storeMediaFile", filename=name, data="PHN2Zy8+")
    assert stored == (None if remote.build is None else name)
    assert remote.call("retrieveMediaFile", filename=name) == "PHN2Zy8+"
    assert remote.call("getMediaFilesNames", pattern=f"contract_{remote.token}*") == [name]
    assert remote.call("deleteMediaFile", filename=name) is None
    assert not remote.call("retrieveMediaFile", filename=name)
    assert remote.call("getMediaFilesNames", pattern=f"contract_{remote.token}*") == []


# Packages, where there are none; test_import_package.py and test_export_package.py are about the others


@pytest.mark.parametrize("kind", ["third party", "server"])
def test_without_packages_both_actions_answer_500(kind: str, started: Callable[[str], Remote], tmp_path: Path) -> None:
    with ExitStack() as stack:
        if kind == "server":
            server = stack.enter_context(Server(tmp_path / "collection.anki2", packages=False))
            remote = Remote(server.url, "2025")
        else:
            remote = started(kind)
        for action, more in (("importPackage", {}), ("exportPackage", {"deck": "Default"})):
            request = {"action": action, "version": 6, "params": {"path": str(tmp_path / "x.apkg"), **more}}
            status, body = remote.send(json.dumps(request).encode())
            assert status == 500
            assert set(json.loads(body)) == {"result", "error"}


def test_without_the_third_party_server_ci_fails_and_others_skip_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="anki-connect-server is not installed"):
        require_third_party()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="^LOUD: anki-connect-server"):
        require_third_party()
