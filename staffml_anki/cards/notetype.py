"""The note type "StaffML Question": its fields, its identity, and the templates that show it.

Id, name, fields and template name are FROZEN. Anki matches note types by schema: with one field more or renamed, the
next import makes a second note type, updates nothing, or forces every phone into a full sync. New content goes into
the HTML of a field that is there, or into one of the reserved ones.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import jinja2

from staffml_anki import data
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.vault.axes import LEVEL_NAMES

NAME = "StaffML Question"
ID = 1_746_363_000_001
TEMPLATE = "Question"
FIELDS = (
    "ID",
    "Title",
    "Scenario",
    "Question",
    "Options",
    "Correct Option",
    "Answer",
    "Napkin Assumptions",
    "Napkin Calculations",
    "Napkin Conclusion",
    "Napkin Math",
    "Pitfall",
    "Rationale",
    "Consequence",
    "Common Mistake",
    "Visual",
    "Resources",
    "Track",
    "Level",
    "Area",
    "Topic",
    "Zone",
    "Bloom",
    "Phase",
    "Chain",
    "Chain Position",
    "Chain Steps",
    "Previous Step",
    "Next Step",
    "Minutes",
    "Math Verified",
    "Human Reviewed",
    "Source",
    "Licence",
    "My Notes",
    "Reserved 1",
    "Reserved 2",
    "Reserved 3",
    "Reserved 4",
)
SORT_FIELD = FIELDS.index("Title")
MY_NOTES = "My Notes"
"""The learner's own: we leave it empty. (Anki's importer still replaces it when a release changes the note.)"""

TEMPLATES_CHANGED = datetime(2026, 12, 1, 2, 50, tzinfo=UTC)
"""When card_templates/ last changed: the note type's modification time where no earlier build is known.

Anki takes a template only from a newer note type, so this moves with every change of the templates; a test says so.
"""


SHIPPED = frozenset(
    ("b01c1c45f1d59d76", "72df6a31f9e5e110", "e210274de8a58af5", "064268425c837257", "24629cef2d8f0faa")
)
"""Digests of every front, back and CSS (without the learner's block) that learners may have from us.

What is among them is ours and may be brought up to date; anything else is the learner's own work. A test says when one
has to be added: before card_templates/ change.
"""


def part_digest(text: str) -> str:
    """Of one template or of the CSS; 16 hexadecimal digits."""
    return hashlib.blake2b("\n".join(text.split()).encode(), digest_size=8).hexdigest()


# White on each of these is readable by day and by night.
_LEVEL_COLOURS = {
    "L1": "#0b61c4", "L2": "#1a7f37", "L3": "#8a6100", "L4": "#b14a00", "L5": "#c4232f", "L6+": "#7a3fd0",
}  # fmt: skip
_NAPKIN = ("Napkin Calculations", "Napkin Conclusion", "Napkin Math", "Napkin Assumptions")
_MISTAKE = ("Pitfall", "Common Mistake", "Rationale", "Consequence")


@dataclass(frozen=True, slots=True)
class Templates:
    """What Anki is given: two templates in Anki's own ``{{Field}}`` language, and the CSS."""

    front: str
    back: str
    css: str

    def without_script(self) -> tuple["Templates", str]:
        """The same templates for a page that runs the card's script itself, and that script."""
        html, _, rest = self.front.partition("<script>")
        script, _, after = rest.partition("</script>")
        return Templates(html + after, self.back, self.css), script

    @property
    def digest(self) -> str:
        """Of everything a learner would see change. 32 hexadecimal digits."""
        return hashlib.blake2b("\0".join((self.front, self.back, self.css)).encode(), digest_size=16).hexdigest()


@lru_cache
def load_templates(folder: Path = data.CARD_TEMPLATES) -> Templates:
    """Render ``front.html.j2``, ``back.html.j2`` and ``card.css.j2``, with ``card.js`` inside the front.

    Jinja2 speaks with ``[[ ]]`` and ``[% %]`` here, because ``{{ }}`` is Anki's.

    Raises:
        StaffmlAnkiError: a template is missing or broken.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - these are our own templates; fields are escaped where they are made
    )
    levels = {level: (LEVEL_NAMES[level], colour) for level, colour in _LEVEL_COLOURS.items()}
    known = {"levels": levels, "napkin": _NAPKIN, "mistake": _MISTAKE}
    names = ("front.html.j2", "back.html.j2", "card.css.j2")
    try:
        texts = [environment.get_template(name).render(known).strip() for name in names]
    except jinja2.TemplateNotFound as error:
        raise StaffmlAnkiError(f"{folder / str(error.name)}: no such card template; reinstall staffml-anki") from None
    except jinja2.TemplateError as error:
        raise StaffmlAnkiError(f"{folder}: broken card template: {error}") from None
    return Templates(*texts)
