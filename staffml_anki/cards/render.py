"""Anki's own template language, as far as our templates speak it: how a note looks without Anki.

Fields, ``{{#Field}}…{{/Field}}``, ``{{^Field}}…{{/Field}}``, ``{{FrontSide}}``. What Anki knows beyond that (filters,
special fields, cloze) is refused, so that the preview never shows what Anki would not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from staffml_anki.cards.note import Note
from staffml_anki.cards.notetype import FIELDS, Templates
from staffml_anki.errors import StaffmlAnkiError

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
# What Anki counts as nothing (rslib, `field_is_empty`): white space, and the lines that an editor leaves behind.
_EMPTY = re.compile(r"(?:\s|</?(?:br|div) ?/?>)*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The two sides of a card as HTML, without the CSS. ``answer`` is the back without the front."""

    front: str
    back: str
    answer: str


def render_note(note: Note, templates: Templates) -> Rendered:
    """A note's card, character for character as Anki renders it.

    Raises:
        StaffmlAnkiError: a template is broken, or asks for what this renderer does not know.
    """
    fields = dict(zip(FIELDS, note.fields, strict=True))
    front = render(templates.front, fields)
    answer = render(templates.back, fields | {"FrontSide": ""})
    back = render(templates.back, fields | {"FrontSide": front})
    return Rendered(front, back, answer)


def render(template: str, fields: Mapping[str, str]) -> str:
    """One side of a card. Fields are HTML and are put in as they are.

    Raises:
        StaffmlAnkiError: the template is broken, or names what ``fields`` does not have.
    """
    out: list[str] = []
    # (field, whether what stands inside is shown) of every section that is open.
    sections: list[tuple[str, bool]] = []
    position = 0
    for tag in _TAG.finditer(template):
        shown = all(holds for _, holds in sections)
        if shown:
            out.append(template[position : tag.start()])
        position = tag.end()
        kind, name = _parsed(tag[1])
        if kind == "/":
            if not sections or sections.pop()[0] != name:
                raise StaffmlAnkiError(f"card template: {{{{/{name}}}}} closes what is not open; check the sections")
            continue
        if name not in fields:
            raise StaffmlAnkiError(f"card template: {{{{{kind}{name}}}}}: no such field; only plain fields are known")
        if kind:
            sections.append((name, bool(_EMPTY.fullmatch(fields[name])) == (kind == "^")))
        elif shown:
            out.append(fields[name])
    if sections:
        raise StaffmlAnkiError(f"card template: {{{{#{sections[-1][0]}}}}} is never closed; add {{{{/…}}}}")
    return "".join((*out, template[position:]))


def _parsed(tag: str) -> tuple[str, str]:
    """("#", "^", "/" or "", the name)."""
    text = tag.strip()
    return (text[0], text[1:].strip()) if text[:1] in ("#", "^", "/") else ("", text)
