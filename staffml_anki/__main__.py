"""The entry point. Light on purpose: an interrupt while the rest is still loading must not end in a traceback."""

import sys

from staffml_anki.errors import INTERRUPTED


def main() -> None:
    """Run the command line; the exit codes are listed in docs/cli.md."""
    try:
        import atexit
        import gc
        import os
        import signal

        # Ten thousand questions take a tenth of a second to collect, at an end where nobody needs the memory.
        atexit.register(gc.freeze)

        # A stream that was closed (`>&-`) is one that nobody reads.
        sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
        sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
        sys.unraisablehook = _not_lost
        # Being terminated unwinds like Ctrl-C, so that nothing half-written is left behind.
        signal.signal(signal.SIGTERM, _stop)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a background job ignores it, and may
            signal.signal(signal.SIGINT, _stop)
        from staffml_anki.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("staffml-anki: interrupted; nothing is half done\n")
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        # While it parses, typer takes an interrupt for an abort of its own, with another exit code.
        if _interrupts and end.code == 1:
            sys.exit(INTERRUPTED)
        raise


_interrupts: list[int] = []


def _stop(signal_number: int, _frame: object) -> None:
    _interrupts.append(signal_number)
    raise KeyboardInterrupt


def _not_lost(unraisable: "sys.UnraisableHookArgs") -> None:
    """An interrupt that falls into a destructor would be printed and forgotten: send it again in a moment."""
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)
        return
    import threading
    from _thread import interrupt_main

    again = threading.Timer(0.02, interrupt_main)
    again.daemon = True
    again.start()


if __name__ == "__main__":
    main()
