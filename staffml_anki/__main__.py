"""The entry point. Light on purpose: an interrupt while the rest is still loading must not end in a traceback."""

import sys

from staffml_anki import interrupts
from staffml_anki.errors import INTERRUPTED


def main() -> None:
    """Run the command line; the exit codes are listed in docs/cli.md."""
    try:
        import atexit
        import gc
        import os

        # Ten thousand questions take a tenth of a second to collect, at an end where nobody needs the memory.
        atexit.register(gc.freeze)

        # A stream that was closed (`>&-`) is one that nobody reads.
        sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
        sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
        interrupts.listen()
        from staffml_anki.cli.app import app

        app()
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as end:
        # While it parses, typer takes an interrupt for an abort of its own, with another exit code.
        if interrupts.received() and end.code == 1:
            sys.exit(INTERRUPTED)
        raise
    except Exception:
        if interrupts.received():
            _interrupted()
        raise


def _interrupted() -> None:
    sys.stderr.write(f"staffml-anki: {interrupts.MESSAGE}\n")
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
