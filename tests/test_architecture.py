"""The house: who may use whom, what stays out, and what must stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "staffml_anki"
ROOMS = {
    "vault": set(),
    "cards": {"vault"},
    "decks": {"vault", "cards"},
    "package": {"vault", "cards", "decks"},
    "anki": {"vault", "cards", "decks", "package"},
    "pages": {"vault", "cards"},
    "reviews": {"vault", "cards", "package", "anki"},
    "coverage": {"vault", "reviews"},
    "study": {"vault", "anki", "reviews", "coverage"},
    "cli": {"vault", "cards", "decks", "package", "anki", "pages", "reviews", "coverage", "study"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_uses_only_the_rooms_to_its_left(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    if room not in ROOMS:
        return
    used = {name.split(".")[1] for name in imports_of(path) if name.startswith("staffml_anki.")}
    assert used & set(ROOMS) <= ROOMS[room] | {room}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_product_never_imports_anki_and_only_the_command_line_prints(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imports_of(path)}
    assert "anki" not in tops, "the anki package is AGPL: tests only"
    if path.relative_to(PACKAGE).parts[0] != "cli":
        assert not tops & {"rich", "textual", "typer"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 65, node.name


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['staffml-anki', '--help']\n"
        "from staffml_anki.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'genanki', 'jinja2', 'nh3', 'numpy', 'pint', 'pydantic', 'pyromark', 'rensa', 'sqlite3', 'textual', 'yaml'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(f'loaded {sorted(heavy)}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
