"""The options of `sync`, `doctor` and `prune`. Loads nothing: `--help` comes through here."""

from pathlib import Path
from typing import Annotated, Literal

import typer

CONNECTION = "Reach Anki"
KEEP = "What stays yours"
GATING = "Chains, step by step"
DEFAULT_URL = "http://127.0.0.1:8765"


def _keep(name: str, help_text: str) -> object:
    return typer.Option(name, help=help_text, rich_help_panel=KEEP)


Url = Annotated[
    str,
    typer.Option("--url", help="Where AnkiConnect answers.", envvar="STAFFML_ANKI_URL", rich_help_panel=CONNECTION),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="AnkiConnect's API key, if it has one; better in a file ankiconnect.key in the data folder.",
        envvar="ANKICONNECT_API_KEY",
        show_envvar=True,
        show_default=False,
        rich_help_panel=CONNECTION,
    ),
]
NoPackages = Annotated[
    bool,
    typer.Option(
        "--no-packages", help="Do everything note by note: slow, without a backup.", rich_help_panel=CONNECTION
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would happen, and stop.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show every note, with the words that change.")]
SavePlan = Annotated[Path | None, typer.Option("--plan", help="Save the plan as JSON, and stop.")]
ApplyPlan = Annotated[Path | None, typer.Option("--apply", help="Carry out a saved plan, or refuse if it is outdated.")]
AnkiWeb = Annotated[
    bool,
    typer.Option("--ankiweb/--no-ankiweb", help="Sync with AnkiWeb before and after, so that phones have it, too."),
]
Previous = Annotated[
    Path | None,
    typer.Option("--previous", help="The manifest of the .apkg that you imported: tells your edits from its texts."),
]
Conflicts = Annotated[
    Literal["keep-mine", "take-theirs", "ask"],
    _keep("--conflicts", "Whose text wins where you and the release changed a field."),
]
Relayout = Annotated[bool, _keep("--relayout", "Move every card to the recipe's decks, also those you moved.")]
ResetTemplates = Annotated[bool, _keep("--reset-templates", "Replace templates and CSS that you changed.")]
RestoreDeleted = Annotated[bool, _keep("--restore-deleted", "Add notes again that you deleted.")]
RetireMany = Annotated[bool, _keep("--retire-many", "Allow retiring a large part of the notes.")]
Formerly = Annotated[
    list[str], _keep("--formerly", "A name that this vault had before: what left it under that name is retired, too.")
]
Grade = Annotated[
    bool, typer.Option("--grade-in-anki", help="Give waiting scores of practice to Anki, without asking.")
]
GateChains = Annotated[
    bool | None,
    typer.Option(
        "--gate-chains/--no-gate-chains",
        help="Keep later steps of chains suspended until the step before is known; or open all that this locked.",
        show_default="as it was",
        rich_help_panel=GATING,
    ),
]
GateInterval = Annotated[
    int | None,
    typer.Option(
        "--gate-interval", min=1, help="Known from this interval in days.", show_default="7", rich_help_panel=GATING
    ),
]
GateRecall = Annotated[
    float | None,
    typer.Option(
        "--gate-recall",
        min=0.5,
        max=0.99,
        help="Or from this recall today, by FSRS.",
        show_default="0.9",
        rich_help_panel=GATING,
    ),
]
AddFields = Annotated[
    bool,
    _keep("--add-fields", "Put back fields the note type lacks; AnkiWeb then wants a one-way sync from this computer."),
]
