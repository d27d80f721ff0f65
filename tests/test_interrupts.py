"""An interrupt is an interrupt, whatever the library that it falls into makes of it."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys
from importlib import import_module
from staffml_anki.__main__ import main

def swallowed(*_, **__):
    try:
        {act}
    except KeyboardInterrupt:
        raise ValueError("Error building `model` serializer: KeyboardInterrupt") from None

setattr(import_module("staffml_anki.{module}"), "{name}", swallowed)
sys.argv = ["staffml-anki", "check"]
main()
"""


def run(module: str, name: str, act: str) -> "subprocess.CompletedProcess[str]":
    program = PROGRAM.format(module=module, name=name, act=act)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(("module", "name"), [("vault", "load_vault"), ("cli.app", "app")])
def test_an_interrupt_that_a_library_made_an_error_of_is_still_one(module: str, name: str, sent: str) -> None:
    done = run(module, name, f"os.kill(os.getpid(), signal.{sent})")
    assert (done.returncode, done.stderr) == (130, "staffml-anki: interrupted; nothing is half done\n")


def test_an_error_that_nobody_sent_is_a_bug() -> None:
    done = run("vault", "load_vault", "raise ValueError('no')")
    assert done.returncode == 3
    assert "unexpected ValueError: no" in done.stderr
