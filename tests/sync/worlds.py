"""Fixtures: living collections, one for each way in which a sync can reach one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from living import Living, living

WAYS: dict[str, dict[str, Any]] = {
    "package 2025": {"build": "2025"},
    "package 2023": {"build": "2023"},
    "calls 2025": {"build": "2025", "packages": False},
    "calls 2023": {"build": "2023", "packages": False},
}


@pytest.fixture(params=WAYS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Living]:
    """Each way, with each build of the add-on."""
    with living(tmp_path / "profile", **WAYS[request.param]) as made:
        yield made


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Living]:
    """The usual way alone, for what does not depend on it."""
    with living(tmp_path / "profile") as made:
        yield made
