"""AnkiConnect over HTTP on a real collection of the official anki package: a test tool.

It does what the add-on does (addon.py), and what it answers is pinned by test_contract.py, which also runs against the
real add-on. One request at a time, one per connection. It can be told to fail at any request, before or after the
work was done.

    python tests/ankiconnect/server.py --collection collection.anki2 --port 0
"""

import argparse
import json
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from addon import AnkiConnect, ServerError
from addon_notes import Build, Json
from anki.collection import Collection


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request, and how much of it was done before: of a `multi`, possibly the first half."""

    kind: Literal[
        "die", "hang", "reset", "http500", "cut off", "truncated", "not json", "wrong type", "wrong items", "null"
    ]
    done: Literal["nothing", "half", "all"] = "nothing"


class Server:
    """The server in a thread, on 127.0.0.1; `url` says where.

    Attributes:
        faults: asked with the number of the request (from 1, as in `requests`) and its action.
        requests: every request's JSON, in order; clear it to count anew.
        hang_seconds: how long a "hang" lasts at most; it ends when the client leaves, too.
    """

    def __init__(
        self, path: Path, *, build: Build = "2025", key: str | None = None, packages: bool = True, port: int = 0
    ) -> None:
        self.faults: Callable[[int, str], Fault | None] | None = None
        self.requests: list[dict[str, Json]] = []
        self.hang_seconds = 30.0
        self.addon = AnkiConnect(Collection(str(path)), build, packages, key)
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._listen(port)

    def _listen(self, port: int) -> None:
        self._socket = socket.create_server(("127.0.0.1", port), backlog=5)
        self._socket.settimeout(0.02)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, args=[self._socket], daemon=True)
        self._thread.start()

    @contextmanager
    def collection(self) -> Iterator[Collection]:
        """The collection, while no request runs."""
        with self._lock:
            yield self.addon._col

    def open_profile(self, name: str, path: Path | None) -> None:
        """Switch to another profile's collection; without one, no profile is open."""
        with self._lock:
            self._close_collection()
            self.addon.collection = None if path is None else Collection(str(path))
            self.addon.profile = name
            self.addon.profiles = sorted({*self.addon.profiles, name})

    def _close_collection(self) -> None:
        if self.addon.collection is not None:
            self.addon.collection.close()

    def revive(self) -> None:
        """Listen again, on the same port, if a fault let the server die: a client that was slow may never have met it."""
        self._thread.join(2)
        if not self._thread.is_alive():
            self._listen(self.port)

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._close_collection()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def _serve(self, listening: socket.socket) -> None:
        with listening:
            while not self._closing.is_set():
                with suppress(TimeoutError), listening.accept()[0] as connection:
                    connection.settimeout(5)
                    with suppress(OSError):
                        if not self._converse(connection):
                            return

    def _converse(self, connection: socket.socket) -> bool:
        """Answer one request and close; False if that was the end of the server."""
        headers, body = _receive(connection)
        status, reply, fault = self._answer(headers, body)
        if fault is not None:
            match fault.kind:
                case "die":
                    self._socket.close()  # before the client can tell, or it would still get through
                    return False
                case "hang":
                    until = time.monotonic() + self.hang_seconds
                    while not (self._closing.is_set() or time.monotonic() > until):
                        if select.select([connection], [], [], 0.02)[0]:
                            break
                    return True
                case "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return True
        length = len(reply)
        if fault is not None and fault.kind == "cut off":
            reply = reply[: length // 2]
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode() + reply)
        return True

    def _answer(self, headers: dict[str, str], body: bytes) -> tuple[str, bytes, Fault | None]:
        if headers.get("origin", "http://localhost") != "http://localhost":
            return "403 Forbidden", b"", None
        if not body:
            banner = "AnkiConnect v.6" if self.addon.build == "2023" else '{"apiVersion": "AnkiConnect v.6"}'
            return "200 OK", banner.encode(), None
        try:
            request = json.loads(body)
            _validate(request)
        except ValueError as error:
            return "200 OK", json.dumps({"result": None, "error": str(error)}).encode(), None
        self.requests.append(request)
        fault = self.faults(len(self.requests), request["action"]) if self.faults else None
        return *self._carry_out(request, fault), fault

    def _carry_out(self, request: dict[str, Json], fault: Fault | None) -> tuple[str, bytes]:
        reply: Json = {"result": None, "error": None}
        if fault is not None and fault.done == "half" and request["action"] == "multi":
            actions = request["params"]["actions"]
            request = request | {"params": {"actions": actions[: len(actions) // 2]}}
        try:
            if fault is None or fault.done != "nothing":
                with self._lock:
                    reply = self.addon._handle(request)
        except ServerError as error:
            return "500 Internal Server Error", json.dumps({"result": None, "error": str(error)}).encode()
        if fault is None:
            return "200 OK", json.dumps(reply).encode()
        match fault.kind:
            case "http500":
                return "500 Internal Server Error", b"Internal Server Error"
            case "not json":
                return "200 OK", b"<html>"
            case "null":
                return "200 OK", b'{"result": null, "error": null}'
            case "wrong type":
                reply = {"result": 1.5, "error": None}
            case "wrong items":
                reply = {"result": [None, "?", {"?": []}], "error": None}
        text = json.dumps(reply).encode()
        return "200 OK", text[: len(text) // 2] if fault.kind == "truncated" else text


def _validate(request: Json) -> None:
    """As the add-on does, in the first line of its words."""
    if not isinstance(request, dict):
        raise ValueError(f"{request!r} is not of type 'object'")
    for name, kind, word in (("action", str, "string"), ("version", int, "integer"), ("params", dict, "object")):
        value = request.get(name, kind())
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{value!r} is not of type '{word}'")
    if not request.get("action"):
        raise ValueError("'' should be non-empty" if "action" in request else "'action' is a required property")


def _receive(connection: socket.socket) -> tuple[dict[str, str], bytes]:
    with connection.makefile("rb") as stream:
        stream.readline()
        lines = iter(lambda: stream.readline().decode().strip(), "")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return headers, stream.read(int(headers.get("content-length", 0)))


def main() -> None:
    parser = argparse.ArgumentParser(description="AnkiConnect on a collection; prints its URL.")
    parser.add_argument("--collection", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--build", choices=["2023", "2025"], default="2025")
    parser.add_argument("--key")
    parser.add_argument("--no-packages", action="store_true")
    parser.add_argument("--in-front", action="store_true", help="as if Anki's window had the focus")
    asked = parser.parse_args()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with Server(
        asked.collection, build=asked.build, key=asked.key, packages=not asked.no_packages, port=asked.port
    ) as server:
        server.addon.in_front = asked.in_front
        print(server.url, flush=True)  # noqa: T201
        with suppress(KeyboardInterrupt):
            stopped.wait()


if __name__ == "__main__":
    main()
