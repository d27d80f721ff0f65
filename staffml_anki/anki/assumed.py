"""What a plan took for granted, and what it left alone, in words for the learner."""

import html
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from staffml_anki.vault import QuestionId
from staffml_anki.wording import counted


@dataclass(slots=True)
class Assumed:
    """Counted while a plan is made.

    Attributes:
        unwritten: notes of the release that this machine has not written.
        strangers: notes with the id of no question, of which nobody knows whose they are.
        others: notes of other vaults, by the vault's name as the Source field has it.
        copied: questions of which only copies of the learner's are left.
        elsewhere: questions whose note has another note type or ID by now.
        unmoved: cards in filtered decks that ``relayout`` did not move.
        unread: whether some files of the vault could not be read.
    """

    unwritten: int = 0
    strangers: int = 0
    others: Counter[str] = field(default_factory=Counter)
    copied: list[QuestionId] = field(default_factory=list)
    elsewhere: list[QuestionId] = field(default_factory=list)
    unmoved: int = 0
    unread: bool = False

    def lines(self, source: str) -> Iterator[str]:
        """One line for each thing that happened.

        Args:
            source: the vault's name as the Source field has it.
        """
        if self.unwritten:
            yield (
                f"this machine has not written {counted(self.unwritten, 'note')} (from an .apkg, or another computer): "
                "where their text differs from the release it may be your edit, so it stays unless you say otherwise; "
                "their decks count as chosen by you"
            )
        if self.strangers:
            yield (
                f"notes of questions that the vault does not have stay as they are ({self.strangers:,}): without a "
                "package nobody can tell whether they have left it or are your own"
            )
        for name, count in sorted(self.others.items()):
            if count:
                other, this = html.unescape(name), html.unescape(source)
                yield (
                    f"{counted(count, 'note')} of '{other}', which is not '{this}': left as they are; if this "
                    "vault was called so before, say --formerly"
                )
        if self.copied:
            yield (
                f"of {counted(len(self.copied), 'question')} only copies of yours are left: ours stay away while "
                f"these are there{_some(self.copied)}"
            )
        if self.elsewhere:
            yield (
                f"you gave {counted(len(self.elsewhere), 'note')} of ours another note type or ID, and so they are "
                f"yours: left as they are, and not added again{_some(self.elsewhere)}"
            )
        if self.unmoved:
            yield f"cards in filtered decks stay there ({self.unmoved:,}): repeat --relayout once they are out"
        if self.unread:
            yield "some files of the vault cannot be read, so nobody knows which questions have left: none is retired"


def _some(keys: list[QuestionId]) -> str:
    """The first few, to be looked for."""
    return f" ({', '.join(keys[:3])}{', …' if len(keys) > 3 else ''})"
