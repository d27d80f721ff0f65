"""Looking at everything a sync needs, one finding each, each failing one with what to do about it. Changes nothing."""

import pickletools
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from staffml_anki.anki.connect import Connection, connect
from staffml_anki.anki.errors import AnkiClosedError, AnkiError
from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.snapshot import read_notetype
from staffml_anki.anki.templates import plan_notetype
from staffml_anki.cards.notetype import load_templates
from staffml_anki.database import is_damaged
from staffml_anki.errors import StaffmlAnkiError

NEEDED = (
    "addNote addTags areSuspended changeDeck createDeck createModel deckNamesAndIds exportPackage findCards findNotes "
    "getDeckConfig getDecks getMediaDirPath getMediaFilesNames importPackage modelFieldNames modelNamesAndIds "
    "modelStyling modelTemplates multi notesInfo removeTags setDeckConfigId storeMediaFile suspend sync unsuspend "
    "updateModelStyling updateModelTemplates updateNoteFields"
).split()
BETTER_WITH = {"setDeckDescription": "deck descriptions are brought up to date", "getActiveProfile": "a newer build"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        ok: True, False, or None where it cannot be known or does not matter now.
        remedy: what to do about it, where it is not ok.
    """

    name: str
    ok: bool | None
    found: str
    remedy: str = ""


def examine(url: str, key: str | None, patience: float = 1.0) -> list[Finding]:
    """All findings; the first failing one ends the list where nothing after it could be looked at.

    Raises:
        AnkiError: ``url`` is not the address of a server.
    """
    Gateway(url)
    try:
        connection = connect(url, key, patience=patience)
    except AnkiClosedError as error:
        return [Finding("Anki", False, f"nobody answers at {url}", str(error))]
    except AnkiError as error:
        return [Finding("Anki", True, f"answers at {url}"), Finding("AnkiConnect", False, "refuses", str(error))]
    findings = [Finding("Anki", True, f"answers at {url}")]
    for look in (_addon, _key, _profile, _file_system, _notetype, _state, _ankiweb):
        try:
            findings += look(connection, key)
        except StaffmlAnkiError as error:
            findings.append(Finding(look.__name__.strip("_"), False, "cannot be looked at", str(error)))
    return findings


def _addon(connection: Connection, _key: str | None) -> Iterator[Finding]:
    actions = connection.gateway.actions
    if not actions:
        yield Finding("AnkiConnect", None, "does not say what it can do", "update the add-on if a sync fails")
        return
    missing = [action for action in NEEDED if action not in actions]
    build = f"{len(actions)} actions"
    if missing:
        remedy = "update the add-on (Tools → Add-ons → Check for Updates)"
        yield Finding("AnkiConnect", False, f"{build}, without {', '.join(missing)}", remedy)
        return
    lacking = [f"without {action}: not so that {what}" for action, what in BETTER_WITH.items() if action not in actions]
    yield Finding(
        "AnkiConnect", True, "; ".join([build, *(lacking if len(lacking) < len(BETTER_WITH) else ["an older build"])])
    )


def _key(_connection: Connection, key: str | None) -> Iterator[Finding]:
    yield Finding("API key", True, "accepted" if key else "none needed")


def _profile(connection: Connection, _key: str | None) -> Iterator[Finding]:
    yield Finding("profile", True, connection.profile or "open, without a name")


def _file_system(connection: Connection, _key: str | None) -> Iterator[Finding]:
    gateway = connection.gateway
    if not gateway.can("getMediaDirPath"):
        yield Finding(
            "file system", None, "not known", "without a shared one, a sync goes note by note and has no backup"
        )
        return
    folder = Path(gateway.media_folder())
    if gateway.is_local and folder.is_dir():
        yield Finding("file system", True, "shared with Anki: bulk work goes through packages")
    else:
        remedy = (
            "Anki runs elsewhere or in a sandbox (Flatpak, WSL, a container): syncing works note by note, more slowly "
            "and without a backup of ours; a STAFFML_ANKI_HOME that both see makes it fast"
        )
        yield Finding("file system", None, "not shared with Anki", remedy)


def _notetype(connection: Connection, _key: str | None) -> Iterator[Finding]:
    held = read_notetype(connection.gateway)
    if held is None:
        yield Finding("note type", None, "not there yet", "the first sync, or importing an .apkg, makes it")
        return
    change = plan_notetype(held, load_templates())
    notes = len(connection.gateway.find_notes(f"mid:{held.id}"))
    said = f"{held.name}, {notes:,} notes"
    if change.missing:
        remedy = "put the fields back under their names, or let sync --add-fields do it (forces a one-way AnkiWeb sync)"
        yield Finding("note type", False, f"{said}; without {', '.join(change.missing)}", remedy)
    elif change.kept:
        remedy = "they stay yours; sync --reset-templates brings ours back"
        yield Finding("note type", True, f"{said}; you changed: {', '.join(change.kept)}", remedy)
    else:
        yield Finding("note type", True, said)


def _state(connection: Connection, _key: str | None) -> Iterator[Finding]:
    path = connection.folder / "state.db"
    if not path.exists():
        remedy = "the first sync makes it"
        yield Finding("state", None, f"nothing remembered of this profile ({connection.folder})", remedy)
        return
    if is_damaged(path):
        yield Finding(
            "state", False, f"{path} is damaged", "run sync: it keeps the file aside, and says what it assumes"
        )
        return
    with Memory(connection.folder) as memory:
        remembered = memory.remembered()
    backups = len(list((connection.folder / "backups").glob("*.apkg")))
    if remembered.journal:
        yield Finding("state", False, "the last sync did not finish", "run sync again: it finishes the work")
    else:
        yield Finding(
            "state", True, f"{len(remembered.notes):,} notes remembered, {backups} backups ({connection.folder})"
        )


def _ankiweb(connection: Connection, _key: str | None) -> Iterator[Finding]:
    gateway = connection.gateway
    logged_in = None
    if gateway.is_local and gateway.can("getMediaDirPath"):
        base = Path(gateway.media_folder()).parent.parent
        logged_in = logged_in_to_ankiweb(base / "prefs21.db", connection.profile)
    remedy = "press Sync in Anki once and log in; or sync with --no-ankiweb"
    if logged_in is None:
        yield Finding("AnkiWeb", None, "not known whether Anki is logged in", remedy)
    else:
        # Nobody has to use AnkiWeb: not being logged in is no fault.
        yield Finding(
            "AnkiWeb", logged_in or None, "logged in" if logged_in else "not logged in", "" if logged_in else remedy
        )


def logged_in_to_ankiweb(preferences: Path, profile: str) -> bool | None:
    """Whether Anki's preferences hold a login for a profile; None where they cannot tell.

    They are a pickle, which is walked and never loaded: loading would run whatever is in it.
    """
    if not preferences.is_file():
        return None
    try:
        connection = sqlite3.connect(f"{preferences.absolute().as_uri()}?mode=ro", uri=True)
        try:
            row = connection.execute("SELECT data FROM profiles WHERE name = ?", (profile,)).fetchone()
        finally:
            connection.close()
        return _value_after(bytes(row[0]), "syncKey") if row else None
    except (sqlite3.Error, ValueError, TypeError):
        return None


def _value_after(pickled: bytes, wanted: str) -> bool | None:
    """Whether a text stands behind a key in a pickled dictionary; None where the key is not there."""
    found = False
    for opcode, argument, _ in pickletools.genops(pickled):
        if found and opcode.name == "NONE":
            return False
        if found and isinstance(argument, str):
            return bool(argument)
        if isinstance(argument, str) and opcode.name != "GLOBAL":
            found = argument == wanted
    return None
