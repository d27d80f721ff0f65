"""Random vault → random learner → random next release → sync: nothing of theirs lost, everything of ours up to date."""

import copy
import tempfile
from pathlib import Path
from typing import Any

import pytest
from factory import Raw, chain, question
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from living import LEVELS, Living, living, mine, small_vault

from staffml_anki.anki.plan import Plan
from staffml_anki.cards.note import NoteMaker
from staffml_anki.cards.notetype import FIELDS, MY_NOTES
from staffml_anki.vault import QuestionId, load_vault

COUNT = 8
KEYS = [raw["id"] for raw in small_vault(COUNT)[0]]
EDITED = "Answer", "Scenario", "Pitfall", MY_NOTES, "Reserved 2"

keys = st.sampled_from(KEYS)
decks = st.sampled_from(["Mine", "StaffML::edge", "Mine::Deeper", "StaffML"])
renames = st.sampled_from(
    [("StaffML", "Interview"), ("StaffML::edge", "Robots"), ("StaffML::cloud", "StaffML::Clouds")]
)
actions = st.one_of(
    st.tuples(st.just("review"), keys, st.integers(0, 3)),
    st.tuples(st.just("edit"), keys, st.sampled_from(EDITED), st.sampled_from(["mine", "a < b", "", "é"])),
    st.tuples(st.just("tag"), keys, st.sampled_from(["leech", "hard::very", "StaffMLish", "marked"])),
    st.tuples(st.just("untag"), keys),
    st.tuples(st.just("move"), keys, decks),
    st.tuples(st.just("suspend"), keys),
    st.tuples(st.just("flag"), keys, st.integers(1, 7)),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("rename"), renames),
    st.tuples(st.just("cram"), st.sampled_from(["Cram", "StaffML::Cram"]), keys),
)
revisions = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["answer", "scenario", "title", "level", "topic"]), keys),
        st.tuples(st.just("retire"), keys),
        st.tuples(st.just("add"), st.integers(20, 25)),
        st.tuples(st.just("reorder"), st.permutations(KEYS[:4])),
        st.tuples(st.just("unchain"), st.just("")),
    ),
    max_size=6,
)


def do(world: Living, action: tuple[Any, ...]) -> None:
    """One action of the learner, where it is possible."""
    name, *arguments = action
    held = world.held()
    if name in ("rename", "cram"):
        with world.collection() as col:
            if name == "rename":
                old, new = arguments[0]
                if col.decks.id_for_name(old) and not col.decks.id_for_name(new):
                    col.decks.rename(col.decks.id_for_name(old), new)
                return
            if col.decks.id_for_name(arguments[0]):
                return
        world.cram(arguments[0], f"ID:{arguments[1]} -is:suspended")
        return
    if arguments[0] not in held:
        return
    if name == "untag":
        with world.collection() as col:
            note = world.note(col, arguments[0])
            note.tags = [tag for tag in note.tags if "level" not in tag]
            col.update_note(note)
    elif name == "move" and held[arguments[0]]["filtered"]:
        return
    else:
        getattr(world, name)(*arguments)


def revise(
    questions: list[Raw], chains: list[Raw], changes: list[tuple[str, Any]], mark: str
) -> tuple[list[Raw], list[Raw]]:
    """The next release."""
    questions, chains = copy.deepcopy(questions), copy.deepcopy(chains)
    by_id = {raw["id"]: raw for raw in questions}
    for what, value in changes:
        raw = by_id.get(value) if isinstance(value, str) else None
        if what == "add":
            key = f"cloud-{value:04d}"
            by_id.setdefault(key, question(key, title=f"New {value}"))
        elif what == "retire":
            by_id.pop(value, None)
        elif what == "reorder":
            members = (
                [by_id[key] for key in value if key in by_id and by_id[key]["track"] == by_id[value[0]]["track"]]
                if value[0] in by_id
                else []
            )
            if len(members) > 1:
                chains = [c for c in chains if c["chain_id"] != "chain-a"] + [chain("chain-a", *members)]
        elif what == "unchain":
            chains = chains[1:]
        elif raw is not None and what == "answer":
            raw["details"]["realistic_solution"] += f" {mark}"
        elif raw is not None and what == "scenario":
            raw["scenario"] += f" {mark}"
        elif raw is not None and what == "title":
            raw["title"] = f"{raw['title'][:30]} {mark}"
        elif raw is not None and what == "level":
            raw["level"] = LEVELS[(LEVELS.index(raw["level"]) + 1) % 6]
        elif raw is not None and what == "topic":
            raw["topic"], raw["competency_area"] = "queueing-theory", "latency"
    kept = []
    for each in chains:
        members = [member["id"] for member in each["questions"] if member["id"] in by_id]
        if len(members) > 1:
            kept.append(chain(each["chain_id"], *(by_id[key] for key in members)))
    return list(by_id.values()), kept


def check(
    world: Living, vault: Path, base: dict[str, dict[str, str]], before: dict[str, Any], deleted: set[str]
) -> None:
    """The invariants of a sync over a collection that was ``before``; ``base`` is what was last written."""
    loaded = load_vault(vault)
    maker = NoteMaker(loaded)
    after = world.held()
    for key, state in before.items():
        assert key in after, f"{key} is gone"
        assert mine(after[key]) == mine(state), f"{key}: something of the learner's changed"
        assert after[key]["note"] == state["note"]
    for key, question_ in loaded.questions.items():
        if key in deleted:
            assert key not in after, f"{key} was deleted by the learner, and came back"
            continue
        assert key in after, f"{key} is missing"
        note = maker.note(question_)
        wanted = dict(zip(FIELDS, note.fields, strict=True))
        old = base.get(key)
        for name, text in wanted.items():
            has = after[key]["fields"][name]
            if name == MY_NOTES or key not in before:
                assert name == MY_NOTES or has == text, (key, name)
                continue
            had = before[key]["fields"][name]
            if old is None or had != old[name]:
                assert has == had or (had == "" and old is None), f"{key}: the learner's {name} was overwritten"
            else:
                assert has == text, f"{key}: {name} is not up to date"
        ours = {tag for tag in after[key]["tags"] if tag.lower().startswith("staffml::")}
        assert {tag.lower() for tag in ours} == {tag.lower() for tag in note.tags}, key
        if key in before and "StaffML::retired" not in before[key]["tags"]:
            assert after[key]["suspended"] == before[key]["suspended"], key
    for key in after.keys() - loaded.questions.keys():
        retired = "StaffML::retired" in after[key]["tags"]
        assert retired or after[key]["filtered"], f"{key} has left the vault and is not retired"
        assert not retired or after[key]["suspended"] or "StaffML::retired" in before[key]["tags"]


@pytest.mark.parametrize("packages", [True, False], ids=["packages", "calls"])
@given(
    first=st.lists(actions, max_size=8),
    second=st.lists(actions, max_size=5),
    one=revisions,
    two=revisions,
    recipe=st.sampled_from(["complete", "by-area", "by-level"]),
)
@example(
    first=[("edit", "edge-0004", "Answer", "mine")],
    second=[],
    one=[("answer", "edge-0004")],
    two=[("answer", "edge-0002")],
    recipe="complete",
)
@settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_nothing_of_theirs_is_lost_and_everything_of_ours_is_up_to_date(
    packages: bool, first: Any, second: Any, one: Any, two: Any, recipe: str
) -> None:
    with tempfile.TemporaryDirectory() as scratch, living(Path(scratch), packages=packages) as world:
        questions, chains = small_vault(COUNT)
        vault = world.vault(questions, chains)
        world.sync(vault)
        schema, types = world.schema_changed(), world.notetypes()
        base = written(vault)
        gone: set[str] = set()
        for number, (acts, changes) in enumerate(((first, one), (second, two))):
            known = set(world.held())
            for act in acts:
                do(world, act)
            before = world.held()
            gone |= known - before.keys()
            if not before:
                return  # an empty collection is a new one
            questions, chains = revise(questions, chains, changes, f"R{number}")
            if not questions:
                return
            if number == 1:
                world.recipe = recipe
            vault = world.vault(questions, chains)
            outcome = world.sync(vault)
            assert not outcome.failed
            check(world, vault, base, before, gone)
            base |= written(vault)
            again = world.prepare(vault).plan
            assert again.empty, again.to_json()
            assert undecided(again) == undecided(outcome.plan), "a conflict stays one until the learner decides it"
        assert world.schema_changed() == schema, "a one-way sync was forced"
        assert world.notetypes() == types, "another note type appeared"


def undecided(plan: Plan) -> set[tuple[str, str]]:
    return {(question, conflict.field) for question, conflict in plan.conflicts}


def written(vault: Path) -> dict[str, dict[str, str]]:
    """What a sync of this vault writes, by question and field."""
    loaded = load_vault(vault)
    maker = NoteMaker(loaded)
    return {str(key): dict(zip(FIELDS, maker.note(q).fields, strict=True)) for key, q in loaded.questions.items()}


def test_the_keys_are_ids() -> None:
    assert all(QuestionId(key) for key in KEYS)
