"""Coverage as JSON, CSV and Markdown: documented and stable. Pure; the page is in ``page``."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from staffml_anki import reading
from staffml_anki.coverage.result import VERSION, Cell, Coverage, QuestionCoverage
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.vault.axes import LEVELS, topic_name

_LEFT_OUT = ("replayed",)
COUNTS = tuple(each.name for each in fields(Cell))


def as_json(found: Coverage) -> dict[str, Any]:
    """The whole of it as plain values; docs/coverage.md lists the keys."""
    raw = {each.name: getattr(found, each.name) for each in fields(found) if each.name not in _LEFT_OUT}
    plain: dict[str, Any] = json.loads(json.dumps(raw, default=_plain, ensure_ascii=False))
    for month, each in zip(plain["months"], found.months, strict=True):
        month |= {"reviews": each.reviews, "retention": each.retention}
    return {"version": VERSION} | plain


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return {each.name: getattr(value, each.name) for each in fields(value)}


def as_csv(found: Coverage) -> str:
    """One line per question, in id order; the columns are those of ``QuestionCoverage``."""
    out = io.StringIO(newline="")
    names = [each.name for each in fields(QuestionCoverage)]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in found.questions:
        writer.writerow([_cell_text(getattr(row, name)) for name in names])
    return out.getvalue()


def _cell_text(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.4f}"
    # A spreadsheet would take a vault's text that begins like this for a formula.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t"):
        return "'" + value
    return "" if value is None else value


def as_markdown(found: Coverage) -> str:
    """For a README or a mentor: a summary, area × level, and the weakest topics."""
    lines = [f"# ML systems coverage, {found.today}", "", summary(found), ""]
    table = found.tables[0]
    levels = [level for level in LEVELS if level in table.column_values]
    lines += [
        "Expected recall by area and level:",
        "",
        _row(["area", *levels, "all"]),
        _row(["---"] + ["--:"] * (len(levels) + 1)),
    ]
    for area in table.row_values:
        cells = [percent(cell.recall_rate) if (cell := table.cells[area].get(level)) else "" for level in levels]
        lines.append(_row([area, *cells, percent(found.axes["area"][area].recall_rate)]))
    lines += [
        "",
        "Weakest topics:",
        "",
        _row(["topic", "seen", "questions", "expected recall"]),
        _row(["---", "--:", "--:", "--:"]),
    ]
    for topic, cell in found.readiness.weakest:
        lines.append(
            _row([_escaped(topic_name(topic)), str(cell.seen), str(cell.questions), percent(cell.recall_rate)])
        )
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """A vault's text that Markdown takes for nothing but text."""
    plain = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+!|~&" else c for c in plain)


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def summary(found: Coverage) -> str:
    """One line that says it all."""
    total = found.totals
    parts = [
        f"{total.seen:,} of {total.questions:,} questions seen",
        f"{total.mature:,} mature",
        f"{total.expected_recall:,.0f} would be recalled today ({percent(total.recall_rate)})",
        f"{total.reviews:,} reviews, {percent(total.success_rate)} right",
    ]
    if found.streak.current:
        parts.append(f"{found.streak.current} day{'s' if found.streak.current > 1 else ''} in a row")
    return ", ".join(parts)


# -- comparing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One number, then and now."""

    where: str
    name: str
    before: float
    now: float


def read_earlier(path: Path) -> dict[str, Any]:
    """A coverage that was saved with ``--json``.

    Raises:
        StaffmlAnkiError: it is not one.
    """
    try:
        raw = reading.parse_json(reading.read_bytes(path, reading.MAX_CORPUS))
        if raw["version"] != VERSION:
            raise reading.Unreadable(f"is of version {raw['version']}, and this is version {VERSION}")
        if not all(isinstance(raw["totals"][name], int | float | None) for name in COUNTS):
            raise TypeError
        areas = raw["axes"]["area"]
        if not all(isinstance(cell["expected_recall"], int | float) for cell in areas.values()):
            raise TypeError
        date.fromisoformat(raw["today"])
        _extent(raw["selection"], raw["since"])
    except reading.Unreadable as why:
        raise StaffmlAnkiError(f"--compare {path}: {why}; give a file that coverage --json wrote") from None
    except (KeyError, TypeError, AttributeError, ValueError):
        raise StaffmlAnkiError(
            f"--compare {path}: is not a saved coverage; make one with staffml-anki coverage --json > {path.name}"
        ) from None
    found: dict[str, Any] = raw
    return found


def _extent(selection: Mapping[str, Sequence[str]], since: object) -> str:
    """What a coverage is of, in words."""
    narrowed = ", ".join(f"{axis} {' or '.join(sorted(values))}" for axis, values in sorted(selection.items()))
    return (narrowed or "everything") + (f" since {since}" if since else "")


def changes(earlier: Mapping[str, Any], found: Coverage) -> list[Change]:
    """What is different, totals first, then expected recall by area.

    Raises:
        StaffmlAnkiError: the earlier one is of other questions, or counts since another day.
    """
    then, here = _extent(earlier["selection"], earlier["since"]), _extent(found.selection, found.since)
    if then != here:
        raise StaffmlAnkiError(f"--compare: the saved coverage is of {then}, this one of {here}; use the same options")
    now = asdict(found.totals)
    rows = [Change("", name, earlier["totals"][name] or 0, now[name] or 0) for name in COUNTS]
    for area, cell in found.axes["area"].items():
        before = earlier["axes"]["area"].get(area, {}).get("expected_recall", 0)
        rows.append(Change(area, "expected_recall", before, cell.expected_recall))
    return [row for row in rows if abs(row.now - row.before) > 1e-9]
