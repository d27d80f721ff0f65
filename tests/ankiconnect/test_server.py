"""The test ground itself: its faults come when they are asked for, and it can be killed and started again."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import server as server_module
from server import Fault, Server
from speakers import Remote, RemoteError


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "collection.anki2") as started:
        yield started


def ask(server: Server, action: str = "version", **params: Any) -> Any:
    return Remote(server.url, "2025").call(action, **params)


def decks(server: Server) -> list[str]:
    with server.collection() as collection:
        return [deck.name for deck in collection.decks.all_names_and_ids()]


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("die", http.client.RemoteDisconnected),
        ("hang", http.client.RemoteDisconnected),
        ("reset", ConnectionResetError),
        ("cut off", http.client.IncompleteRead),
        ("truncated", json.JSONDecodeError),
        ("not json", json.JSONDecodeError),
        ("http500", json.JSONDecodeError),
    ],
)
@pytest.mark.parametrize("done", ["nothing", "all"])
def test_a_fault_breaks_one_request_before_or_after_it_was_carried_out(
    server: Server, kind: Any, what: type[Exception], done: Any
) -> None:
    server.hang_seconds = 0
    server.faults = lambda number, action: Fault(kind, done) if (number, action) == (2, "createDeck") else None
    assert ask(server) == 6
    with pytest.raises(what):
        ask(server, "createDeck", deck="A")
    if kind == "die":
        with pytest.raises(ConnectionRefusedError):
            ask(server)
        server.revive()
    assert ("A" in decks(server)) == (done == "all")
    assert ask(server, "createDeck", deck="B")
    assert [request["action"] for request in server.requests] == ["version", "createDeck", "createDeck"]


@pytest.mark.parametrize(
    ("kind", "result"), [("null", None), ("wrong type", 1.5), ("wrong items", [None, "?", {"?": []}])]
)
def test_a_reply_can_hold_something_else(server: Server, kind: Any, result: Any) -> None:
    server.faults = lambda number, action: Fault(kind, "all")
    assert ask(server, "deckNames") == result


def test_a_multi_can_be_done_by_half(server: Server) -> None:
    server.faults = lambda number, action: Fault("reset", "half")
    actions = [{"action": "createDeck", "params": {"deck": name}} for name in "ABCD"]
    with pytest.raises(ConnectionResetError):
        ask(server, "multi", actions=actions)
    assert decks(server) == ["A", "B", "Default"]


def test_a_hang_ends_when_the_client_leaves(server: Server) -> None:
    server.faults = lambda number, action: Fault("hang")
    target = ("127.0.0.1", server.port)
    with socket.create_connection(target) as connection:
        connection.sendall(b'POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n{"action":"version"}')
        while not server.requests:
            pass
    server.faults = None
    assert ask(server) == 6


def test_a_key_is_required_of_every_action_in_a_multi_too(tmp_path: Path) -> None:
    with Server(tmp_path / "collection.anki2", key="secret") as server:
        remote = Remote(server.url, "2025")
        with pytest.raises(RemoteError, match="^valid api key must be provided$"):
            remote.call("version")
        actions = [{"action": "version", "key": "secret"}, {"action": "version"}]
        refused = {"result": None, "error": "valid api key must be provided"}
        assert remote.call("multi", key="secret", actions=actions) == [6, refused]
        assert remote.call("requestPermission")["requireApikey"] is True


@pytest.mark.parametrize("build", ["2023", "2025"])
def test_without_an_open_profile_there_is_no_collection(tmp_path: Path, build: Any) -> None:
    with Server(tmp_path / "collection.anki2", build=build) as server:
        server.open_profile("Second", None)
        for action, params in (("deckNames", {}), ("notesInfo", {"notes": [1]}), ("importPackage", {"path": "x"})):
            with pytest.raises(RemoteError, match="^collection is not available$"):
                ask(server, action, **params)
        assert ask(server, "notesInfo", notes=[]) == []
        assert ask(server, "getProfiles") == ["Second", "User 1"]
        server.open_profile("Second", tmp_path / "second.anki2")
        assert ask(server, "deckNames") == ["Default"]


def test_ankiweb(server: Server) -> None:
    server.addon.ankiweb = "in"
    assert ask(server, "sync") is None
    problems: list[tuple[Any, str]] = [("out", "auth"), ("offline", "network error"), ("full sync", "^Sync status 2 ")]
    for server.addon.ankiweb, text in problems:
        with pytest.raises(RemoteError, match=text):
            ask(server, "sync")


def test_the_process_can_be_killed_and_keeps_what_it_did(tmp_path: Path) -> None:
    program = [
        sys.executable,
        server_module.__file__,
        "--collection",
        str(tmp_path / "collection.anki2"),
        "--port",
        "0",
    ]
    for deck, stop in (("A", signal.SIGKILL), ("B", signal.SIGTERM)):
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
            assert process.stdout is not None
            remote = Remote(process.stdout.readline().strip(), "2025")
            remote.call("createDeck", deck=deck)
            os.kill(process.pid, stop)
        assert process.returncode == (0 if stop == signal.SIGTERM else -signal.SIGKILL)
    with Server(tmp_path / "collection.anki2") as server:
        assert decks(server) == ["A", "B", "Default"]
