"""Coverage as one page: self-contained, offline, sealed by a Content-Security-Policy. A view of the one value; pure.

Tables are HTML already; charts are drawn by Chart.js, which the page carries. A vault's texts reach the page escaped
(Jinja's autoescape) or as JSON that the page's script puts in as text.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2

from staffml_anki.coverage.cache import PACK, Texts
from staffml_anki.coverage.reports import percent
from staffml_anki.coverage.result import ChainCoverage, Coverage, Table
from staffml_anki.reviews.days import number_of
from staffml_anki.sealed import document, json_block
from staffml_anki.vault.axes import TRACK_NAMES, topic_name

_HEATMAPS = 3
_SCRIPTS = ("vendor/chart.umd.min.js", "vendor/chartjs-chart-matrix.min.js", "page.js")


@cache
def _asset(name: str) -> str:
    return (files("staffml_anki.coverage") / "assets" / name).read_text(encoding="utf-8").strip()


def page(found: Coverage, texts: Texts) -> str:
    """The page. The same coverage gives the same page."""
    style, theme, script = _asset("page.css"), _asset("theme.js"), "\n".join(map(_asset, _SCRIPTS))
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    body = environment.from_string(_asset("page.html.j2")).render(_context(found))
    packs, where = _packs(found, texts)
    blocks = [f'<script type="text/plain" id="pack-{name}">{pack}</script>' for name, pack in packs.items()]
    return document(
        f"ML systems coverage, {found.today}",
        ["".join((body, json_block("data", _data(found, where)), *blocks))],
        styles=[style],
        scripts=[theme, script],
    )


def _packs(found: Coverage, texts: Texts) -> tuple[dict[int, str], dict[str, tuple[int, int]]]:
    """The packs that hold a question of the page, by number; and where each question's text is."""
    wanted = {row.id for row in found.questions} | {step.id for chain in found.chains for step in chain.steps}
    where = {key: divmod(place, PACK) for place, key in enumerate(texts.ids) if key in wanted}
    return {name: texts.packs[name] for name in sorted({name for name, _ in where.values()})}, where


def _data(found: Coverage, where: dict[str, tuple[int, int]]) -> dict[str, Any]:
    """What the script needs; keep the columns of ``questions`` as ``page.js`` names them."""
    topics = sorted({row.topic for row in found.questions})
    number = {topic: place for place, topic in enumerate(topics)}
    here = {row.id for row in found.questions}
    return {
        "today": number_of(found.today),
        "topics": [topic_name(topic) for topic in topics],
        "questions": [
            [
                row.id,
                row.title,
                row.track,
                row.level,
                number[row.topic],
                row.status,
                row.attempts,
                _rounded(row.success_rate),
                row.interval,
                _rounded(row.recall),
                (row.last_seen or "")[:10],
            ]
            for row in found.questions
        ],
        "others": {step.id: [step.title] for chain in found.chains for step in chain.steps if step.id not in here},
        "packs": where,
        "curve": [[number_of(point.date), point.seen, point.mature] for point in found.curve],
        "months": [[m.month, m.young, m.young_passed, m.mature, m.mature_passed] for m in found.months],
        "days": [[number_of(day.date), day.reviews, round(day.minutes, 1)] for day in found.days],
        "chains": [
            [
                topic_name(chain.topic),
                chain.depth,
                [[step.id, step.level, step.title, _rounded(step.recall)] for step in chain.steps],
            ]
            for chain in _chains(found.chains)
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _chains(chains: Sequence[ChainCoverage]) -> list[ChainCoverage]:
    """Begun ones first, the furthest first; then those not begun, then the whole ones."""

    def rank(chain: ChainCoverage) -> tuple[int, int, str]:
        return (2 if chain.breaks_at is None else 1 if not chain.depth else 0, -chain.depth, chain.id)

    return sorted(chains, key=rank)


def _context(found: Coverage) -> dict[str, Any]:
    titles = {row.id: row for row in found.questions}
    about = " ".join(filter(None, (found.source, found.release)))
    return {
        "today": found.today,
        "about": about,
        "narrowed": ", ".join(" or ".join(values) for values in found.selection.values()),
        "tiles": _tiles(found),
        "maps": [_map(found, table) for table in found.tables[:_HEATMAPS]],
        "curve": _month_ends(found),
        "months": [
            {
                "month": m.month,
                "reviews": f"{m.reviews:,}",
                "young": percent(m.young_passed / m.young if m.young else None),
                "mature": percent(m.mature_passed / m.mature if m.mature else None),
            }
            for m in reversed(found.months)
        ],
        "words": _words(found),
        "next": [
            {
                "id": row.id,
                "title": row.title,
                "level": row.level,
                "status": row.status,
                "topic_name": topic_name(row.topic),
            }
            for row in (titles[key] for key in found.readiness.next)
        ],
        "forecast": _forecast(found),
        "topics": _topics(found),
        "chain_words": _chain_words(found),
        "statuses": list(found.statuses),
        "licence": " ".join(
            filter(
                None, (found.attribution and f"Questions: {found.attribution}.", found.licence and f"{found.licence}.")
            )
        ),
    }


def _tiles(found: Coverage) -> list[tuple[str, str, str]]:
    total, run = found.totals, found.streak
    ahead = f"next mark {run.next}" if run.next else f"past the mark of {run.milestone}"
    return [
        ("Recalled today", percent(total.recall_rate), f"{total.expected_recall:,.0f} of {total.questions:,}"),
        ("Seen", f"{total.seen:,}", f"{total.in_anki:,} in Anki"),
        ("Mature", f"{total.mature:,}", f"{total.young:,} young, {total.learning:,} learning"),
        ("Answers right", percent(total.success_rate), f"of {total.reviews:,}"),
        ("Days in a row", f"{run.current:,}", f"longest {run.longest:,}, {ahead}"),
    ]


def _map(found: Coverage, table: Table) -> dict[str, Any]:
    lines = []
    for row in table.row_values:
        cells = [(column, table.cells.get(row, {}).get(column)) for column in table.column_values]
        cells.append(("", found.axes[table.rows][row]))
        lines.append({"name": _name(table.rows, row), "value": row, "cells": [_map_cell(*each) for each in cells]})
    return {
        "rows": table.rows,
        "columns": table.columns,
        "heads": [_name(table.columns, value) for value in table.column_values],
        "lines": lines,
    }


def _map_cell(column: str, cell: Any) -> dict[str, Any] | None:
    if cell is None or not cell.questions:
        return None
    rate = cell.recall_rate or 0.0
    return {
        "column": column,
        "shade": max(1 if rate else 0, round(10 * rate)),  # the little that is known shows
        "recall": f"{rate:.6f}",
        "percent": f"{100 * rate:.0f}",
        "title": f"{cell.expected_recall:.1f} of {cell.questions} recalled, {cell.seen} seen, {cell.mature} mature",
    }


def _name(axis: str, value: str) -> str:
    if axis == "topic":
        return topic_name(value)
    return TRACK_NAMES.get(value, value) if axis == "track" else value


def _month_ends(found: Coverage) -> list[dict[str, Any]]:
    """The last point of each month, newest first."""
    last = {point.date.strftime("%Y-%m"): point for point in found.curve}
    return [{"date": p.date, "seen": f"{p.seen:,}", "mature": f"{p.mature:,}"} for p in reversed(last.values())]


def _words(found: Coverage) -> dict[str, str]:
    """What the charts say, for those who do not see them."""
    end = found.curve[-1] if found.curve else None
    year = [day for day in found.days if (found.today - day.date).days < 365]
    minutes, answers = sum(day.minutes for day in year), sum(day.reviews for day in year)
    speed = found.pace
    last = next((m for m in reversed(found.months)), None)
    return {
        "curve": f"Line chart: {end.seen:,} questions seen and {end.mature:,} mature by {end.date}"
        if end
        else "No answers yet",
        "retention": f"Bar chart of retention by month: {percent(last.retention)} in {last.month}"
        if last
        else "No reviews yet",
        "days": f"{answers:,} answers on {len(year):,} days of the last year, {_time(minutes)}.",
        "pace": f"Recalled questions. Your pace in the last {speed.days} days: {speed.new:.1f} new questions and "
        f"{speed.reviews:.0f} answers a day, on {speed.active_days} days.",
    }


def _time(minutes: float) -> str:
    return f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"


def _forecast(found: Coverage) -> dict[str, Any]:
    def line(name: str, row: Any) -> dict[str, str]:
        return {"name": name, "now": f"{row.now:,.0f}", "stop": f"{row.if_stopped:,.0f}", "pace": f"{row.at_pace:,.0f}"}

    day: date = found.forecast.date
    rows = [line(row.area, row) for row in found.forecast.areas]
    return {"date": f"{day}", "rows": [line("all", found.forecast.total), *rows]}


def _topics(found: Coverage) -> list[dict[str, Any]]:
    areas = {row.topic: row.area for row in found.questions}
    order = sorted(found.axes["topic"].items(), key=lambda item: (item[1].recall_rate or 0.0, -item[1].questions))
    return [
        {
            "name": topic_name(topic),
            "area": areas[topic],
            "cell": cell,
            "right": f"{-1 if cell.success_rate is None else cell.success_rate:.6f}",
            "right_text": percent(cell.success_rate),
            "recall": f"{cell.recall_rate or 0:.6f}",
            "recall_text": percent(cell.recall_rate),
        }
        for topic, cell in order
    ]


def _chain_words(found: Coverage) -> str:
    if not found.chains:
        return ""
    whole = sum(chain.breaks_at is None for chain in found.chains)
    begun = sum(bool(chain.depth) for chain in found.chains) - whole
    return f"{whole:,} of {len(found.chains):,} known from the first step to the last, {begun:,} begun."
