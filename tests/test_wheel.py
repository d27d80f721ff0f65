"""`pip install .` gives a working command anywhere: the built wheel, in a clean environment, from another folder."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_works_in_a_clean_environment_from_another_folder(tmp_path: Path) -> None:
    wheels, home, elsewhere = tmp_path / "wheels", tmp_path / "env", tmp_path / "elsewhere"
    elsewhere.mkdir()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(wheels), str(ROOT)], check=True, cwd=tmp_path)
    (wheel,) = wheels.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/"))]
    assert [n for n in names if n.endswith("_data/card_templates/front.html.j2")]
    assert [n for n in names if n.endswith("pages/assets/vendor/temml.LICENSE")]
    venv.create(home, with_pip=True)
    inside = home / "bin"
    constraints = ["-c", str(ROOT / "constraints.txt")]
    subprocess.run([str(inside / "pip"), "-q", "install", *constraints, str(wheel)], check=True, cwd=elsewhere)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    built = subprocess.run(
        [str(inside / "staffml-anki"), "build"], cwd=elsewhere, env=env, capture_output=True, text=True, check=True
    )
    assert "staffml-complete.apkg is ready" in built.stdout
    assert sorted(p.name for p in elsewhere.iterdir()) == ["staffml-complete.apkg", "staffml-complete.manifest.json"]
    browsed = [str(inside / "staffml-anki"), "browse", "--out", "vault.html"]
    subprocess.run(browsed, cwd=elsewhere, env=env, capture_output=True, check=True)
    assert "Content-Security-Policy" in (elsewhere / "vault.html").read_text(encoding="utf-8")
    listed = subprocess.run(
        [str(inside / "python"), "-m", "staffml_anki", "recipes"],
        cwd=elsewhere,
        env=env,
        capture_output=True,
        text=True,
    )
    assert "by-chain" in listed.stdout
