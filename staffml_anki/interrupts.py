"""Being told to stop, by Ctrl-C or by SIGTERM: both unwind as a ``KeyboardInterrupt``, and nothing is left half done.

An interrupt can fall into a library that makes something else of it (typer an abort, pydantic an error in a schema,
Python a line about a destructor): ``received`` says that it came, whatever it became.
"""

import signal
import sys

MESSAGE = "interrupted; nothing is half done"

_received: list[int] = []


def received() -> bool:
    """Whether this process was told to stop, even if it went on."""
    return bool(_received)


def listen() -> None:
    """Turn the signals into interrupts, from here on."""
    sys.unraisablehook = _not_lost
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a background job ignores it, and may
        signal.signal(signal.SIGINT, _stop)


def _stop(signal_number: int, _frame: object) -> None:
    _received.append(signal_number)
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
