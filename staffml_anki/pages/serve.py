"""A preview that follows the card templates while they are edited: a small server for this machine alone."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from staffml_anki.cards.notetype import load_templates
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.pages.preview import error_page

type Draw = Callable[[str], str]
"""Makes the page, given the state of the templates."""


def state_of(folder: Path) -> str:
    """The state of a template folder: another one after every change of a file in it."""
    found = []
    for path in sorted(folder.iterdir()):
        with suppress(FileNotFoundError):  # an editor is just replacing it
            about = path.stat()
            found.append(f"{path.name} {about.st_mtime_ns} {about.st_size}")
    return hashlib.blake2b("\n".join(found).encode(), digest_size=16).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that has gone away is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serving(draw: Draw, folder: Path, port: int = 0) -> Iterator[ThreadingHTTPServer]:
    """A server on 127.0.0.1 that draws the page anew for each request; run it with ``serve_forever``.

    Raises:
        StaffmlAnkiError: the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # A page elsewhere that has its own name point here must not read what lies here.
            host, _, _ = self.headers.get("Host", "").partition(":")
            if host not in ("127.0.0.1", "localhost"):
                self.send_error(403)
            elif self.path == "/":
                self._send(_drawn(draw, folder), "text/html")
            elif self.path == "/state":
                self._send(state_of(folder), "text/plain")
            else:
                self.send_error(404)

        def _send(self, text: str, kind: str) -> None:
            data = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Says nothing: only the command line prints."""

    try:
        server = _Server(("127.0.0.1", port), Handler)
    except OSError:
        raise StaffmlAnkiError(f"preview: port {port} is taken; give another one with --port, or none") from None
    with server:
        yield server


def _drawn(draw: Draw, folder: Path) -> str:
    state = state_of(folder)
    load_templates.cache_clear()
    try:
        return draw(state)
    except StaffmlAnkiError as broken:
        return error_page(str(broken), state)
