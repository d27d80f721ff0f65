"""A sync in a process of its own, to be killed: python -m killable URL VAULT STATE."""

import sys
import time
from pathlib import Path

from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.sync import Session, Wish
from staffml_anki.decks.recipe import find_recipe

if __name__ == "__main__":
    url, vault, state = sys.argv[1:]
    with Memory(Path(state)) as memory, memory.alone():
        session = Session(Gateway(url), memory)
        wish = Wish(Path(vault), find_recipe("complete"))
        session.apply(session.prepare(wish), wish, int(time.time()))
