"""The block at the top of the CSS that belongs to the learner: how it is found, and how it is kept."""

import re

# Both comments are FROZEN: what stands between them in a learner's collection is kept because they are found there.
_BLOCK = re.compile(r"/\* staffml: yours\b.*?/\* staffml: end of yours \*/", re.DOTALL)


def split_learner_block(css: str) -> tuple[str | None, str]:
    """(block, rest) of a card's CSS: the block with its two marker comments, and the CSS without it.

    The block is None where the markers are not there, or not in their order. Of several blocks the first one counts.
    """
    found = _BLOCK.search(css)
    if found is None:
        return None, css
    return found[0], css[: found.start()] + css[found.end() :]


def with_learner_block(css: str, block: str | None) -> str:
    """``css`` with the learner's block in the place of its own.

    Args:
        css: a release's CSS.
        block: as ``split_learner_block`` found it in the learner's collection; with None, ``css`` is given back as it
            is. A ``css`` without a block gets it on top.
    """
    if block is None:
        return css
    found = _BLOCK.search(css)
    if found is None:
        return f"{block}\n{css}"
    return css[: found.start()] + block + css[found.end() :]
