"""The learner's block of the CSS: found, kept, and put back."""

import pytest

from staffml_anki.cards.learner_css import split_learner_block, with_learner_block
from staffml_anki.cards.notetype import load_templates

MINE = "/* staffml: yours. Changed. */\n.card { --density: 2; } /* mine */\n/* staffml: end of yours */"


def test_our_css_begins_with_a_block_that_is_the_learners() -> None:
    css = load_templates().css
    block, rest = split_learner_block(css)
    assert block is not None
    assert css.startswith(block)
    assert css == block + rest
    for name in ("--accent-by-day", "--accent-by-night", "--density", "--size"):
        assert f"{name}:" in block
        assert f"var({name}" in rest, "what stands in the block has an effect outside it"
        assert f"{name}:" not in rest, "and is not set again after it"


def test_the_learners_block_moves_into_a_later_release_and_nothing_else_does() -> None:
    ours = load_templates().css
    theirs = with_learner_block(ours, MINE) + "\n.card { color: red; }"
    block, _ = split_learner_block(theirs)
    assert block == MINE
    kept = with_learner_block(ours, block)
    assert kept.startswith(MINE)
    assert split_learner_block(kept)[1] == split_learner_block(ours)[1]
    assert with_learner_block(kept, MINE) == kept, "again changes nothing"


@pytest.mark.parametrize(
    "css",
    [
        "",
        ".card { color: red; }",
        "/* staffml: end of yours */ .card {} /* staffml: yours */",
        "/* staffml: yours */ .card {}",
    ],
)
def test_css_without_a_whole_block_has_none(css: str) -> None:
    assert split_learner_block(css) == (None, css)
    assert with_learner_block(load_templates().css, None) == load_templates().css
    assert with_learner_block(css, MINE) == f"{MINE}\n{css}"


def test_a_block_with_backslashes_and_dollars_is_put_in_as_it_is() -> None:
    block = MINE.replace("2", r"\1 \g<0> $& ")
    assert with_learner_block(load_templates().css, block).startswith(block)
