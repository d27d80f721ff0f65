"""All that speak AnkiConnect, started for a test: the fixtures `remote` and `addon`.

There are server.py as both builds of the add-on, the package `anki-connect-server`, and, where STAFFML_TEST_ANKI_URL
points to one, a real Anki with the real add-on.
"""

import http.client
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

REAL = os.environ.get("STAFFML_TEST_ANKI_URL")


class RemoteError(Exception):
    """An error reply; its text."""


@dataclass
class Remote:
    """One that speaks AnkiConnect.

    Attributes:
        build: of the add-on, or None for the third-party server, which differs in many details.
        token: new for every test, and in the name of all that it makes, because the collection outlives the test.
    """

    url: str
    build: str | None
    real: bool = False
    token: str = ""

    def reply(self, action: str, *, version: int | None = 6, key: str | None = None, **params: Any) -> Any:
        request: dict[str, Any] = {"action": action, "params": params}
        request |= {} if version is None else {"version": version}
        request |= {} if key is None else {"key": key}
        return json.loads(self.send(json.dumps(request).encode())[1])

    def call(self, action: str, **params: Any) -> Any:
        reply = self.reply(action, **params)
        assert set(reply) == {"result", "error"}
        if reply["error"] is not None:
            raise RemoteError(reply["error"])
        return reply["result"]

    def send(self, body: bytes, **headers: str) -> tuple[int, bytes]:
        """Status and body of a POST."""
        with closing(http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)) as connection:
            connection.request("POST", "/", body, {"Content-Type": "application/json"} | headers)
            response = connection.getresponse()
            return response.status, response.read()

    # What a test makes, under names of its own

    @property
    def deck(self) -> str:
        return f"Contract {self.token}"

    def make_model(self) -> str:
        """A note type with the fields ID and Back."""
        name = f"Contract {self.token}"
        template = {"Name": "Card", "Front": "{{ID}}", "Back": "{{Back}}"}
        self.call("createModel", modelName=name, inOrderFields=["ID", "Back"], cardTemplates=[template], css="/* 1 */")
        return name

    def make_notes(self, *ids: str, tags: tuple[str, ...] = ()) -> list[int]:
        model = self.make_model()
        self.call("createDeck", deck=self.deck)
        notes = [self.new_note(model, name, tags) for name in ids]
        made: list[int] = self.call("addNotes", notes=notes)
        return made

    def new_note(self, model: str, name: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
        return {"deckName": self.deck, "modelName": model, "fields": {"ID": name, "Back": "b"}, "tags": list(tags)}

    def cards(self, *notes: int) -> list[int]:
        return [self.call("findCards", query=f"nid:{note}")[0] for note in notes]


def start_server(kind: str, folder: Path) -> Iterator[Remote]:
    from server import Server  # not above: every test run loads this module, and few need the anki package

    with Server(folder / "collection.anki2", build="2023" if kind == "2023" else "2025") as server:
        yield Remote(server.url, kind)


def start_real(_: str, __: Path) -> Iterator[Remote]:
    assert REAL is not None
    remote = Remote(REAL, None, real=True)
    known = remote.call("apiReflect", scopes=["actions"], actions=["getActiveProfile"])["actions"]
    yield replace(remote, build="2025" if known else "2023")


def start_third_party(_: str, folder: Path) -> Iterator[Remote]:
    require_third_party()
    port = free_port()
    settings = {"ANKICONNECT_COLLECTION_PATH": str(folder / "collection.anki2"), "ANKICONNECT_PORT": str(port)}
    program = shutil.which("anki-connect-server", path=Path(sys.executable).parent)
    assert program is not None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "api"], env=os.environ | settings, stdout=log, stderr=log, cwd=folder)
    try:
        remote = Remote(f"http://127.0.0.1:{port}", None)
        while True:
            try:
                remote.reply("version")
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
        yield remote
    finally:
        process.terminate()
        process.wait()


def require_third_party() -> None:
    """Without it, the path without packages is proved by our own server only: on CI a failure, elsewhere a skip."""
    if importlib.util.find_spec("anki_connect_server") is not None:
        return
    missing = "anki-connect-server is not installed: the path without packages was tried on our own server only"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(f"LOUD: {missing}")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


ADDONS = ["2023", "2025", *([pytest.param("real", marks=pytest.mark.real)] if REAL else [])]
STARTERS = {"2023": start_server, "2025": start_server, "real": start_real, "third party": start_third_party}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Remote]]:
    """Starts each kind once; for a module and no longer, because where a thread runs the product does not fork."""
    with ExitStack() as stack:

        @cache
        def start(kind: str) -> Remote:
            return stack.enter_context(contextmanager(STARTERS[kind])(kind, tmp_path_factory.mktemp("ankiconnect")))

        yield start


@pytest.fixture(params=ADDONS)
def addon(request: pytest.FixtureRequest, started: Callable[[str], Remote]) -> Remote:
    """The add-on: both builds of it, and a real one."""
    return replace(started(request.param), token=secrets.token_hex(4))


@pytest.fixture(params=[*ADDONS, "third party"])
def remote(request: pytest.FixtureRequest, started: Callable[[str], Remote]) -> Remote:
    """Any that speaks AnkiConnect."""
    return replace(started(request.param), token=secrets.token_hex(4))
