"""Coverage in a terminal: readable in colour, and without."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from staffml_anki.cli import output
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.coverage import ChainCoverage, Coverage, Table
    from staffml_anki.coverage.reports import Change

CHAINS = 5
ROOM = 160
"""Columns of a heat map that goes into a file or another program."""
_SHADES = ((0.0, "dim"), (0.01, "red"), (0.25, "yellow"), (0.5, "bright_yellow"), (0.7, "green"), (0.85, "bold green"))
_TROUBLES = ("lapsed", "leech", "suspended")
"""Of these, fewer is better."""
_BLOCKS = " ▁▂▃▄▅▆▇█"


def show(found: "Coverage", by: Sequence[tuple[str, str]]) -> None:
    """The whole report."""
    from staffml_anki.coverage.reports import summary

    output.say(summary(found), "bold")
    _notes(found)
    if not found.totals.seen:
        output.say(
            "\nNo reviews of these questions yet. Import a deck (staffml-anki build), review some cards in Anki, then: "
            "staffml-anki pull"
        )
    wanted = by[0] if by else ("area", "level")
    table = next(each for each in found.tables if (each.rows, each.columns) == wanted)
    _cells(table, found)
    _weakest(found)
    _chains(found.chains)
    _ahead(found)
    _next(found)


def _notes(found: "Coverage") -> None:
    words = [
        f"{n:,} {word}" for word, n in found.statuses.items() if word in ("lapsed", "leech", "suspended", "retired")
    ]
    parts = [", ".join(words)] if words else []
    if found.practice.answers:
        done = found.practice
        parts.append(f"{done.answers:,} practised outside of Anki ({done.good / done.answers:.0%} partial or better)")
    if found.elsewhere:
        parts.append(f"{found.elsewhere:,} questions of the history not in this vault")
    if found.selection:
        parts.append("only " + ", ".join(" or ".join(values) for values in found.selection.values()))
    if parts:
        output.say("; ".join(parts), "dim")


def _cells(table: "Table", found: "Coverage") -> None:
    """A heat map as it was asked for, or turned round where only that fits, or else a line for each cell."""
    out = output.console()
    room = out.width if out.is_terminal else ROOM
    fitting = next((each for each in (table, table.turned()) if sum(_widths(each)) <= room), None)
    shown = fitting or table
    output.say(f"\nExpected recall, {shown.rows} × {shown.columns}", "bold")
    if fitting is not None:
        _grid(fitting, found)
        return
    from staffml_anki.coverage.reports import percent

    pairs = [
        [row, column, percent(cell.recall_rate)] for row, cells in table.cells.items() for column, cell in cells.items()
    ]
    output.table([[table.rows, table.columns, "recall"], *pairs], right=(2,))


def _widths(table: "Table") -> tuple[int, int]:
    """Of a heat map's first column, and of all the others, in cells of a terminal."""
    from rich.cells import cell_len

    width = max(map(cell_len, (*table.row_values, table.rows)))
    return width, max([7, *(cell_len(value) + 1 for value in table.column_values)]) * (len(table.column_values) + 1)


def _grid(table: "Table", found: "Coverage") -> None:
    """A heat map: a bar and the share in each cell, in colour where there is any."""
    from rich.text import Text

    width, all_others = _widths(table)
    wide = all_others // (len(table.column_values) + 1)
    out = output.console()
    heads = "".join(f"{value:>{wide}}" for value in (*map(output.clean, table.column_values), "all"))
    out.print(Text(f"{table.rows:<{width}}{heads}", style="bold"))
    totals = found.axes[table.rows]
    for row in table.row_values:
        line = Text(f"{output.clean(row):<{width}}")
        cells = [table.cells.get(row, {}).get(column) for column in table.column_values]
        for cell in (*cells, totals[row]):
            rate = None if cell is None else cell.recall_rate
            text = "" if rate is None else f"{_block(rate)}{100 * rate:3.0f} %"
            line.append(f"{text:>{wide}}", style="" if rate is None else _shade(rate))
        out.print(line)


def _block(rate: float) -> str:
    return _BLOCKS[max(1 if rate else 0, round(rate * (len(_BLOCKS) - 1)))]


def _shade(rate: float) -> str:
    return [style for least, style in _SHADES if rate >= least][-1]


def _weakest(found: "Coverage") -> None:
    from staffml_anki.coverage.reports import percent
    from staffml_anki.vault.axes import topic_name

    rows = [
        [
            topic_name(topic),
            percent(cell.recall_rate),
            f"{cell.seen:,} of {cell.questions:,}",
            percent(cell.success_rate),
        ]
        for topic, cell in found.readiness.weakest
    ]
    if rows:
        output.say("\nWeakest topics", "bold")
        output.table([["topic", "recall", "seen", "right"], *rows], right=(1, 2, 3))


def _chains(chains: Sequence["ChainCoverage"]) -> None:
    begun = sorted((chain for chain in chains if chain.depth), key=lambda chain: (-chain.depth, chain.id))
    whole = sum(chain.breaks_at is None for chain in chains)
    if not chains:
        return
    output.say(f"\nChains: {whole:,} of {len(chains):,} whole, {len(begun) - whole:,} begun", "bold")
    for chain in [chain for chain in begun if chain.breaks_at][:CHAINS]:
        ladder = "".join("●" if step.recalled else "○" for step in chain.steps)
        reached, broken = chain.steps[chain.depth - 1], chain.steps[chain.depth]
        output.say(f"  {ladder:<8} to {reached.level}, breaks at {broken.level} {broken.title} ({broken.id})")


def _ahead(found: "Coverage") -> None:
    from staffml_anki.coverage.reports import percent

    pace, ahead = found.pace, found.forecast
    output.say(f"\nAhead: {ahead.date}, in {counted(ahead.days, 'day')}", "bold")
    output.say(
        f"  at {pace.new:.1f} new questions and {pace.reviews:.0f} reviews a day, {pace.minutes:.0f} minutes: "
        f"{ahead.total.at_pace:,.0f} recalled ({percent(_share(ahead.total.at_pace, ahead.total.questions))}); "
        f"if you stop: {ahead.total.if_stopped:,.0f}"
    )


def _share(value: float, questions: int) -> float | None:
    return value / questions if questions else None


def _next(found: "Coverage") -> None:
    titles = {row.id: row for row in found.questions}
    if found.readiness.next:
        output.say("\nNext", "bold")
    for key in found.readiness.next:
        row = titles[key]
        output.say(f"  {row.level:<3} {row.status:<9} {row.title} ({key})")


def show_changes(earlier: str, changed: Sequence["Change"]) -> None:
    """What is different from a saved coverage."""
    output.say(f"\nSince {earlier}", "bold")
    shown = [
        (row, then, now) for row in changed if (then := _number(row, row.before)) != (now := _number(row, row.now))
    ]
    if not shown:
        output.say("  nothing has changed")
    for row, then, now in shown:
        better = (row.now > row.before) != (row.name in _TROUBLES)
        name = f"{row.where} {row.name}".strip().replace("_", " ")
        output.say(f"  {name}: {then} → {now}", "green" if better else "red")


def _number(row: "Change", value: float) -> str:
    if row.name.endswith("_rate"):
        return f"{100 * value:.1f} %"
    return f"{value:,.1f}" if row.name == "expected_recall" else f"{value:,.0f}"
