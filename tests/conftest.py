"""Fixtures: vaults, the command line as a user meets it, and a real Anki collection."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from factory import RELEASED, release, sample, write_folder
from hypothesis import HealthCheck, settings
from typer.testing import CliRunner

from staffml_anki.decks.recipe import find_recipe
from staffml_anki.package.build import Outcome, Request, build

pytest_plugins = ["in_browser", "speakers", "worlds"]

# A test never judges a time, and CI judges a change by the same examples twice.
settings.register_profile(
    "ours", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ours")

NOW = 1_790_000_000
SHARED = Path(__file__).parents[2] / "shared"


@dataclass(frozen=True)
class Result:
    """What a command did, as its caller sees it."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """The command line, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Result:
        from staffml_anki.cli.app import app

        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Result(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def vault_folder(tmp_path: Path) -> Path:
    """The sample vault as a folder."""
    questions, chains = sample()
    return write_folder(tmp_path / "vault", questions, chains, release(RELEASED))


@pytest.fixture
def build_package() -> Callable[..., Outcome]:
    """Build a package; the recipe by name, everything else as in Request."""

    def call(vault: Path, out: Path, recipe: str = "complete", **more: Any) -> Outcome:
        more.setdefault("now", NOW)
        return build(Request(vault=vault, recipe=find_recipe(recipe), out=out, **more))

    return call


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Any]:
    """An empty collection of the official anki package."""
    from anki.collection import Collection

    opened = Collection(str(tmp_path / "collection.anki2"))
    yield opened
    opened.close()
