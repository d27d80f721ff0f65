"""One HTTP request at a time to AnkiConnect, with bounds, and nothing between us and it.

AnkiConnect serves one request per connection on Anki's own UI thread, parses bodies in quadratic time, refuses what
comes with a foreign ``Origin``, and listens on IPv4 only. So: a new connection for each request, no proxy, no
``Origin``, bodies under a megabyte.
"""

import http.client
import json
import ssl
import urllib.parse
from typing import Any

from staffml_anki.anki.errors import AnkiError, AnkiLostError

MAX_BODY = 900_000
"""Bytes of a request: AnkiConnect takes 0.06 s for 1 MB and 18 s for 16 MB."""
MAX_REPLY = 512_000_000


class HttpTransport:
    """Sends one JSON document and reads one back: an ``ankiconnect_client.Transport``."""

    def __init__(self, url: str) -> None:
        """Prepare to talk to ``url`` (http or https); nothing is sent yet.

        Raises:
            AnkiError: it is not the address of a server.
        """
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urllib.parse.urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise AnkiError(f"--url {url}: give the address of AnkiConnect, such as http://127.0.0.1:8765")
        self._secure = parts.scheme == "https"
        # `localhost` may mean ::1 first, where AnkiConnect does not listen.
        self._host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
        self._port = port or (443 if self._secure else 8765)
        self._path = parts.path or "/"

    @property
    def is_local(self) -> bool:
        return self._host == "127.0.0.1" or self._host.startswith("127.")

    def send(self, payload: dict[str, Any], *, timeout: float) -> Any:
        """The decoded reply.

        Raises:
            AnkiLostError: Anki took too long, or its reply broke off: it may or may not have done what was asked.
            OSError: it could not be reached; the request may be sent again where that does no harm.
            AnkiError: the reply is not AnkiConnect's.
        """
        action = str(payload.get("action", ""))
        body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "surrogatepass")
        connection = self._connect(timeout)
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/json", "Connection": "close"})
            reply = connection.getresponse()
            status, data = reply.status, reply.read(MAX_REPLY + 1)
        except TimeoutError:
            raise AnkiLostError(f"Anki did not answer '{action}' within {timeout:.0f} s") from None
        except http.client.HTTPException as error:
            raise AnkiLostError(f"Anki's answer to '{action}' broke off ({type(error).__name__})") from None
        finally:
            connection.close()
        return _decoded(action, status, data)

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)


def _decoded(action: str, status: int, data: bytes) -> Any:
    if status == 403:
        raise AnkiError("AnkiConnect refuses this address; add it to webCorsOriginList in the add-on's configuration")
    if status != 200:
        raise AnkiLostError(f"the server answered '{action}' with HTTP {status}; is this AnkiConnect?")
    if len(data) > MAX_REPLY:
        raise AnkiError(f"the answer to '{action}' is larger than {MAX_REPLY // 1_000_000} MB")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise AnkiLostError(f"the answer to '{action}' is not JSON; is this AnkiConnect?") from None
