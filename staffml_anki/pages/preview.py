"""Real cards without Anki: front and back, light and night, phone and desktop, side by side."""

import html
from collections.abc import Sequence

from staffml_anki.cards.note import NoteMaker
from staffml_anki.cards.notetype import Templates
from staffml_anki.cards.render import render_note
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.pages.parts import asset, with_media
from staffml_anki.sealed import document, json_block
from staffml_anki.vault import Question, QuestionId, Vault
from staffml_anki.wording import nearest

_HINT = (
    "Rendered from the card templates by Anki's rules. Math is set by Temml here and by MathJax in Anki, so its "
    "spacing differs. Enter in an estimate, or a space, turns a front over."
)
_BOXES = {"Sides": ("front", "back"), "Modes": ("light", "night"), "Screens": ("phone", "desktop")}


def choose(vault: Vault, wanted: Sequence[str]) -> list[Question]:
    """The questions asked for; without a wish, a few that differ: options, a drawing, a chain, long, short, math.

    Raises:
        StaffmlAnkiError: there is no such question.
    """
    if not vault.questions:
        raise StaffmlAnkiError("preview: the vault holds no question that can be published; see staffml-anki check")
    for name in wanted:
        if name not in vault.questions:
            raise StaffmlAnkiError(f"{name}: no such question; {nearest(name, tuple(vault.questions))}")
    if wanted:
        return [vault.questions[QuestionId(name)] for name in dict.fromkeys(wanted)]
    every = list(vault.questions.values())

    def length(question: Question) -> int:
        return len(question.scenario) + len(question.solution) + len(question.napkin_math)

    kinds = (
        [q for q in every if q.options],
        [q for q in every if q.visual],
        [q for q in every if "$" in q.napkin_math and "\\" in q.napkin_math],
        [q for q in every if q.id in vault.memberships],
        [max(every, key=length)],
        [min(every, key=length)],
    )
    return list({found[0].id: found[0] for found in kinds if found}.values())


def preview_page(vault: Vault, questions: Sequence[Question], templates: Templates, tick: str = "") -> str:
    """The preview as one HTML file.

    Args:
        tick: the state of the templates, where a server watches them; the page then asks it for changes.
    """
    maker = NoteMaker(vault)
    cards = []
    for question in questions:
        note = maker.note(question)
        sides = render_note(note, templates)
        front, back = with_media(sides.front, note.media), with_media(sides.back, note.media)
        math = "\\(" in back or "\\[" in back
        cards.append({"id": question.id, "title": question.title, "front": front, "back": back, "math": math})
    _, script = templates.without_script()
    parts = {
        "css": templates.css,
        "host": asset("host.css"),
        "script": asset("frame.js"),
        "typesetter": asset("vendor/temml.min.js") + "\n" + asset("typeset.js"),
    }
    return _page(
        [json_block("preview", {"cards": cards, "tick": tick, **parts})],
        styles=[templates.css],
        later=(script, *parts.values()),
        tick=tick,
    )


def error_page(message: str, tick: str) -> str:
    """What the preview shows while a template is broken: why, until it is mended."""
    parts = dict.fromkeys(("css", "host", "script", "typesetter"), "")
    data = json_block("preview", {"cards": [], "tick": tick, **parts})
    return _page([f'<p class="error" role="alert">{html.escape(message)}</p>', data], styles=[], later=(), tick=tick)


def _page(body: list[str], *, styles: list[str], later: Sequence[str], tick: str) -> str:
    boxes = "".join(
        f'<fieldset aria-label="{group}">{"".join(map(_box, names))}</fieldset>' for group, names in _BOXES.items()
    )
    bar = f'<header class="bar"><h1>staffml-anki preview</h1>{boxes}</header>'
    silent = '<noscript><p class="error">The preview needs JavaScript.</p></noscript>'
    main = f'<main><p class="hint">{html.escape(_HINT)}</p>{silent}{"".join(body)}<div id="cards"></div></main>'
    return document(
        "staffml-anki preview",
        [bar + main],
        classes="card",
        styles=[*styles, asset("preview.css")],
        scripts=[asset("theme.js"), asset("preview.js")],
        later=later,
        connect="'self'" if tick else "'none'",
    )


def _box(name: str) -> str:
    return f'<label><input type="checkbox" name="{name}" checked> {name}</label>'
