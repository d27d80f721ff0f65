"""From what the learner says (an address, a key) to a conversation and the memory of the profile that is open."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from staffml_anki.anki.gateway import DEFAULT_URL, Gateway
from staffml_anki.anki.memory import Memory, home_folder, profile_folder
from staffml_anki.errors import StaffmlAnkiError, reason

KEY_VARIABLE = "ANKICONNECT_API_KEY"
KEY_FILE = "ankiconnect.key"
LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Connection:
    """An Anki that answers, and the profile that is open in it."""

    gateway: Gateway
    profile: str
    folder: Path

    def memory(self) -> Memory:
        return Memory(self.folder)


def connect(
    url: str = DEFAULT_URL,
    key: str | None = None,
    *,
    patience: float = 1.0,
    heard: Callable[[str], None] | None = None,
) -> Connection:
    """Talk to Anki, and see which profile is open.

    Raises:
        AnkiClosedError: Anki does not answer.
        AnkiRefusedError: no profile is open, or the key is wrong.
    """
    gateway = Gateway(url, key, patience=patience, heard=heard)
    gateway.version()
    gateway.decks()  # says by its error when no profile is open
    profile = gateway.profile() if gateway.can("getMediaDirPath") else ""
    collection = gateway.media_folder() if gateway.can("getMediaDirPath") else ""
    host = urlsplit(url).hostname or ""
    if not collection or host not in LOCAL:
        # Two computers may well keep their collections under the same path.
        collection = f"{urlsplit(url).netloc} {collection}".strip()
    return Connection(gateway, profile, profile_folder(home_folder(), profile, collection))


def find_key(given: str | None = None) -> str | None:
    """AnkiConnect's API key: as given, else from ``ANKICONNECT_API_KEY``, else from the file ``ankiconnect.key`` in the
    program's data folder. None where there is none. It is never printed.

    Raises:
        StaffmlAnkiError: the file cannot be read, or others may read it.
    """
    if given:
        return given
    if os.environ.get(KEY_VARIABLE):
        return os.environ[KEY_VARIABLE]
    path = home_folder() / KEY_FILE
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise StaffmlAnkiError(f"{path}: others may read this key; make it yours alone (chmod 600 {path})")
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "not a text"
        raise StaffmlAnkiError(
            f"{path}: cannot be read ({why}); it holds AnkiConnect's API key, or remove it"
        ) from None
