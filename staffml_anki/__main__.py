"""The entry point. Light on purpose: an interrupt while the rest is still loading must not end in a traceback."""

import signal
import sys
from types import FrameType

INTERRUPTED = 130


def main() -> None:
    """Run the command line; the exit codes are listed in docs/cli.md."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # Being terminated unwinds like Ctrl-C, so that nothing half-written is left behind.
        raise KeyboardInterrupt

    try:
        signal.signal(signal.SIGTERM, stop)
        from staffml_anki.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("staffml-anki: interrupted\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
