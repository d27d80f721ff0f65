"""What changed between two vaults."""

from pathlib import Path

from factory import chain, question, sample, write_folder

from staffml_anki.vault import load_vault
from staffml_anki.vault.compare import compare


def test_a_vault_compared_with_itself_has_no_difference(vault_folder: Path) -> None:
    found = compare(load_vault(vault_folder), load_vault(vault_folder))
    assert found.empty
    assert found.unchanged == 12


def test_every_kind_of_change_is_found_and_named(tmp_path: Path) -> None:
    questions, chains = sample()
    old = load_vault(write_folder(tmp_path / "old", questions, chains))
    new, _ = sample()
    new[0]["details"]["napkin_math"] += "\n- more"
    new[0]["title"] = "Renamed"
    new[5]["level"] = "L5"
    new[6]["status"] = "archived"
    new.append(question("cloud-0007"))
    new_chains = [chain("chain-b", *new[0:3]), chain("chain-d", *new[9:11])]
    later = load_vault(
        write_folder(tmp_path / "new", new, new_chains, svg=chr(60) + 'svg xmlns="http://www.w3.org/2000/svg"/>')
    )
    found = compare(old, later)
    assert [q.id for q in found.added] == ["cloud-0007"]
    assert [q.id for q in found.retired] == ["edge-0001"]
    assert [(c.id, c.fields) for c in found.changed] == [
        ("cloud-0001", ("title", "napkin_math")),
        ("cloud-0002", ("visual",)),
    ]
    moves = {str(m.id): m.places for m in found.moved}
    assert moves["cloud-0006"] == (("level", "L6+", "L5"),)
    assert moves["cloud-0005"] == (("chain", "chain-a", ""),)
    assert found.chains_added == ("chain-d",)
    assert found.chains_removed == ("chain-a", "chain-c")
    assert found.chains_changed == ("chain-b",)
