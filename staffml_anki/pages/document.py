"""One HTML file, sealed by a Content-Security-Policy: only the scripts and styles it was made with run."""

import base64
import hashlib
import html
import json
import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from staffml_anki.cards.note import Media


@cache
def asset(name: str) -> str:
    """The text of one of our files in ``assets/``."""
    return (files("staffml_anki.pages") / "assets" / name).read_text(encoding="utf-8").strip()


def document(
    title: str,
    body: Sequence[str],
    *,
    styles: Iterable[str],
    scripts: Sequence[str],
    later: Iterable[str] = (),
    connect: str = "'none'",
) -> str:
    """A whole page.

    Args:
        body: parts of HTML, already safe.
        scripts: the first stands in the head and runs before anything is shown, the others stand after ``body[0]``.
        later: scripts that the page may start itself, and styles of the frames in it; only their digests are kept.
        connect: whom the page may speak to.
    """
    styles, later = tuple(styles), tuple(later)
    policy = (
        f"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; connect-src {connect}; "
        f"style-src {_digests((*styles, *later))}; script-src {_digests((*scripts, *later))}"
    )
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title>{''.join(f'<style>{style}</style>' for style in styles)}"
        f'<script>{scripts[0]}</script></head><body class="card">'
    )
    started = "".join(f"<script>{script}</script>" for script in scripts[1:])
    return "".join((head, body[0], started, *body[1:], "</body></html>\n"))


def _digests(texts: Iterable[str]) -> str:
    made = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in made) or "'none'"


def json_block(name: str, value: object) -> str:
    """A value that the page's script reads: no text in it can end the block."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def packed_block(name: str, data: bytes) -> str:
    """Bytes, deflated, for the page's script."""
    return f'<script type="text/plain" id="{name}">{base64.b64encode(zlib.compress(data, 6)).decode()}</script>'


def with_media(card: str, media: Media | None) -> str:
    """A card's HTML with its drawing inside it."""
    if media is None:
        return card
    data = base64.b64encode(media.data).decode()
    return card.replace(f'src="{media.name}"', f'src="data:image/svg+xml;base64,{data}"')
