"""A sync in a process of its own, and killing it: python -m killable URL VAULT STATE NOW GATE."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.gating import GateWish
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.sync import Session, Wish
from staffml_anki.decks.recipe import find_recipe

if TYPE_CHECKING:
    from living import Living

GATES = {"on": GateWish(chains=True), "off": GateWish(chains=False), "as-it-was": GateWish()}


def kill_at(world: "Living", vault: Path, number: int, delay: float, gate: str = "as-it-was") -> None:
    """Sync in another process, and kill it so many seconds after its request of that number has come."""
    reached = threading.Event()

    def notice(n: int, _: str) -> None:
        if n == number:
            reached.set()

    world.server.faults = notice
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "killable",
            world.server.url,
            str(vault),
            str(world.state),
            str(world.clock + 100),
            gate,
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert reached.wait(60), "the request does not come"
        time.sleep(delay)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        world.server.faults = None


def main(url: str, vault: str, state: str, now: str, gate: str) -> None:
    with Memory(Path(state)) as memory, memory.alone():
        session = Session(Gateway(url), memory)
        wish = Wish(Path(vault), find_recipe("complete"), gate=GATES[gate])
        session.apply(session.prepare(wish), wish, int(now))


if __name__ == "__main__":
    main(*sys.argv[1:])
