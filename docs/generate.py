"""Write docs/cli.md from the commands' own help: `python docs/generate.py`. A test says when it is out of date."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = """# The command line

Written by `make docs` from `--help`.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | done, with problems listed: questions left out of a build, errors in a vault |
| 2 | not done; one line on stderr says why and what to do |
| 3 | a bug; `--debug` shows the traceback |
| 130 | interrupted; nothing is half done |

`--json` prints one document on stdout and nothing else. Progress bars and colour appear on terminals only; `NO_COLOR`
takes the colour away. `STAFFML_VAULT` names the vault for all commands. `staffml-anki --install-completion` sets up
your shell.
"""


def _names(group: Any, above: str = "") -> Iterator[str]:
    """Every command, and every group before its own."""
    for name, command in group.commands.items():
        yield f"{above}{name}"
        if hasattr(command, "commands"):
            yield from _names(command, f"{above}{name} ")


def command_reference() -> str:
    """The text of docs/cli.md."""
    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "_TYPER_FORCE_DISABLE_TERMINAL": "1"}
    from typer.main import get_command
    from typer.testing import CliRunner

    from staffml_anki.cli.app import app

    parts = [HEAD]
    for command in ("", *_names(get_command(app))):
        shown = CliRunner().invoke(app, [*command.split(), "--help"], prog_name="staffml-anki").stdout
        text = "\n".join(line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).strip().splitlines())
        parts.append(f"## staffml-anki {command}".rstrip() + f"\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    (Path(__file__).parent / "cli.md").write_text(command_reference(), encoding="utf-8")
