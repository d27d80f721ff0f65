"""What the study tests share: small vaults, a notebook on disk, a standing at a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from factory import Raw, chain, question, write_folder

from staffml_anki.coverage import bank_of
from staffml_anki.reviews import Calendar, HistoryStore
from staffml_anki.study.session import Resume, Reveal, Score, Session, step
from staffml_anki.study.standing import Standing, standing
from staffml_anki.vault import Vault, load_vault
from staffml_anki.vault.axes import AREAS

LEVELS = ("L1", "L2", "L3", "L4", "L5", "L6+")


def millis(text: str) -> int:
    """A moment in UTC, such as 2026-11-25 12:00, in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


NOON = millis("2026-11-25 12:00")


def raw_vault(count: int = 24) -> tuple[list[Raw], list[Raw]]:
    questions = [
        question(
            f"cloud-{number:04d}",
            level=LEVELS[number % 6],
            competency_area=AREAS[number % 4],
            topic=f"topic-{number % 4}",
            title=f"Title {number}",
        )
        for number in range(count)
    ]
    chains = [chain("chain-a", *questions[0:6]), chain("chain-b", *questions[6:12])] if count >= 12 else []
    return questions, chains


def vault_at(folder: Path, count: int = 24) -> Vault:
    return load_vault(write_folder(folder, *raw_vault(count)))


@contextmanager
def stands(vault: Vault, path: Path, now: int = NOON, zone: str = "") -> Iterator[Standing]:
    from zoneinfo import ZoneInfo

    with standing(bank_of(vault), path, Calendar(ZoneInfo(zone) if zone else UTC, 4), now) as found:
        yield found


def finished(session: Session, *scores: int, now: int = NOON) -> Session:
    """A session answered to its end, ten seconds a question."""
    session = step(session, Resume(), now)
    for score in scores:
        now += 10_000
        session = step(session, Reveal(), now)
        if not session.review_last:
            session = step(session, Score(score), now)
    if session.review_last:
        for score in scores:
            now += 1_000
            session = step(session, Score(score), now)
    return session


__all__ = ["HistoryStore", "finished", "millis", "raw_vault", "stands", "vault_at"]
