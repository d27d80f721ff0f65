"""What a vault was called before, told by what it publishes. Pure."""

from collections.abc import Mapping

from staffml_anki.anki.memory import Remembered
from staffml_anki.anki.wanted import Wanted


def former_names(wanted: Wanted, past: Remembered) -> tuple[str, ...]:
    """The names (Source fields) that this vault had before the one it has now.

    A vault was renamed where its name is new here and it publishes most of what the vault of the last sync published. A
    name that was here before is no new one: then two vaults take turns, and neither may retire what is the other's.
    """
    if wanted.source in past.former:
        return past.former[wanted.source]
    if not past.source or wanted.source == past.source:
        return ()
    if 2 * len(past.published & wanted.published) <= len(past.published):
        return ()
    return past.source, *past.former.get(past.source, ())


def names_after(wanted: Wanted, past: Remembered) -> Mapping[str, tuple[str, ...]]:
    """The names of every vault that was ever synced here, each with the former ones of its vault."""
    # Whoever comes back under a name that passed for a former one shows that it is a vault of its own.
    others = {name: tuple(n for n in former if n != wanted.source) for name, former in past.former.items()}
    known = others if not past.source else {past.source: ()} | others
    return known | {wanted.source: former_names(wanted, past)}
