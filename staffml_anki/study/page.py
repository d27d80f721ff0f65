"""A gauntlet's result as one page to share: no script, nothing loaded from elsewhere, every text escaped."""

from pathlib import Path

import jinja2

from staffml_anki.coverage import Bank
from staffml_anki.sealed import document
from staffml_anki.study.gauntlet import Result
from staffml_anki.study.view import SCORE_NAMES
from staffml_anki.vault import Release

ASSETS = Path(__file__).with_name("assets")


def result_page(result: Result, release: Release | Bank) -> str:
    """The page, as HTML. It names questions and carries none of their texts but the titles."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["clock"] = lambda value: "–" if value is None else f"{int(value) // 60}:{int(value) % 60:02d}"
    template, style = ((ASSETS / name).read_text(encoding="utf-8") for name in ("result.html.j2", "result.css"))
    body = environment.from_string(template).render(result=result, release=release, score_names=SCORE_NAMES)
    return document(f"Gauntlet: {result.points} of {result.possible}", [body], styles=[style])
