"""What our pages are put together from."""

import base64
import zlib
from functools import cache
from importlib.resources import files

from staffml_anki.cards.note import Media


@cache
def asset(name: str) -> str:
    """The text of one of our files in ``assets/``."""
    return (files("staffml_anki.pages") / "assets" / name).read_text(encoding="utf-8").strip()


def packed_block(name: str, data: bytes) -> str:
    """Bytes, deflated, for the page's script."""
    return f'<script type="text/plain" id="{name}">{base64.b64encode(zlib.compress(data, 6)).decode()}</script>'


def with_media(card: str, media: Media | None) -> str:
    """A card's HTML with its drawing inside it."""
    if media is None:
        return card
    data = base64.b64encode(media.data).decode()
    return card.replace(f'src="{media.name}"', f'src="data:image/svg+xml;base64,{data}"')
