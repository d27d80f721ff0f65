"""One HTML file, sealed by a Content-Security-Policy: only the scripts and styles it was made with run."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Sequence


def document(
    title: str,
    body: Sequence[str],
    *,
    styles: Iterable[str],
    scripts: Sequence[str] = (),
    later: Iterable[str] = (),
    connect: str = "'none'",
    classes: str = "",
) -> str:
    """A whole page.

    Args:
        body: parts of HTML, already safe.
        scripts: the first stands in the head and runs before anything is shown, the others stand after ``body[0]``.
        later: scripts that the page may start itself, and styles of the frames in it; only their digests are kept.
        connect: whom the page may speak to.
        classes: of the body.
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
        f"{''.join(f'<script>{script}</script>' for script in scripts[:1])}</head>"
        f"<body{f' class="{classes}"' if classes else ''}>"
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
