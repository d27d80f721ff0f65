"""The commands, and the one boundary where an error becomes a line and an exit code."""

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from staffml_anki import __version__, interrupts
from staffml_anki.errors import BUG, FAILED, INTERRUPTED, OK, StaffmlAnkiError, reason

EPILOG = (
    "Exit codes: 0 done · 1 done, with problems listed · 2 not done, one line says why · 3 a bug · 130 interrupted."
)


class _Boundary(TyperGroup):
    """Turns whatever a command raises into one line on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except StaffmlAnkiError as error:
            if ctx.params.get("debug"):
                raise
            _fail(str(error), FAILED)
        except KeyboardInterrupt:
            _fail(interrupts.MESSAGE, INTERRUPTED)
        except BrokenPipeError:
            # The reader has seen enough (`staffml-anki list | head`); what is still buffered has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(OK)
        except OSError as error:
            if ctx.params.get("debug"):
                raise
            _fail(f"{error.filename or 'output'}: {reason(error)}", FAILED)
        except MemoryError:
            _fail("out of memory; narrow the selection, or give the vault's corpus.json", FAILED)
        except Exception as error:
            if ctx.params.get("debug") or _belongs_to_typer(error):
                raise
            if interrupts.received():
                _fail(interrupts.MESSAGE, INTERRUPTED)
            kind = type(error).__name__
            _fail(f"unexpected {kind}: {' '.join(str(error).split())[:300]}; run it with --debug and report it", BUG)
        return result


def _belongs_to_typer(error: Exception) -> bool:
    """Usage errors and exits, which typer itself renders."""
    return type(error).__module__.partition(".")[0] in ("typer", "click")


def _fail(message: str, code: int) -> None:
    from staffml_anki.cli.output import clean

    try:
        sys.stderr.write(f"staffml-anki: {clean(' '.join(message.splitlines()))}\n")
    finally:
        sys.exit(code)


app = typer.Typer(
    name="staffml-anki",
    cls=_Boundary,
    help="StaffML's ML-systems interview questions as Anki decks.\n\nStart with: staffml-anki build",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"staffml-anki {__version__}\n")
        raise typer.Exit


@app.callback()
def _global(
    version: Annotated[  # noqa: ARG001 - its callback has done the work
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[  # noqa: ARG001 - read by the boundary
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
) -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


from staffml_anki.cli import (  # noqa: E402 - they register their commands on `app`
    authoring,
    building,
    coverage,
    histories,
    interviews,
    mornings,
    pages,
    paths,
    studying,
    syncing,
    vaults,
)

building.register(app)
syncing.register(app)
histories.register(app)
coverage.register(app)
mornings.register(app)
studying.register(app)
interviews.register(app)
paths.register(app)
vaults.register(app)
pages.register(app)
authoring.register(app)
