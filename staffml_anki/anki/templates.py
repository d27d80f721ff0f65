"""What happens to the note type: made where it is missing, brought up to date where it is still ours. Pure."""

from staffml_anki.anki.held import HeldNotetype
from staffml_anki.anki.plan import NotetypeChange
from staffml_anki.cards.learner_css import split_learner_block, with_learner_block
from staffml_anki.cards.notetype import FIELDS, NAME, SHIPPED, Templates, part_digest


def plan_notetype(
    held: HeldNotetype | None,
    templates: Templates,
    *,
    needed: bool = True,
    reset: bool = False,
    add_fields: bool = False,
) -> NotetypeChange:
    """Decide for each part of the note type.

    A part that is one we ever shipped is ours and is updated; any other is the learner's work and stays, unless
    ``reset``. Of the CSS their own block stays in any case. Where it is missing, it is made if it is ``needed``.
    """
    if held is None:
        return NotetypeChange(NAME, create=needed)
    missing = tuple(name for name in FIELDS if name not in held.fields)
    sides = held.templates.get(held.template)
    kept: list[str] = []
    if sides is None:
        return NotetypeChange(held.name, kept=("templates",), missing=missing, add_fields=add_fields)
    front = _part("front", sides[0], templates.front, reset, kept)
    back = _part("back", sides[1], templates.back, reset, kept)
    css = _css(held.css, templates.css, reset, kept)
    return NotetypeChange(held.name, False, front, back, css, tuple(kept), missing, add_fields)


def _part(name: str, mine: str, theirs: str, reset: bool, kept: list[str]) -> str | None:
    """The text to write; None where nothing is to be written."""
    if part_digest(mine) == part_digest(theirs):
        return None
    if reset or part_digest(mine) in SHIPPED:
        return theirs
    kept.append(name)
    return None


def _css(mine: str, theirs: str, reset: bool, kept: list[str]) -> str | None:
    block, rest = split_learner_block(mine)
    _, ours = split_learner_block(theirs)
    written = _part("css", rest, ours, reset, kept)
    return None if written is None else with_learner_block(theirs, block)
