"""A source of any shape → a Vault, with every problem on the way reported rather than raised."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from staffml_anki.parallel import Progress, no_progress, spread
from staffml_anki.reading import Unreadable
from staffml_anki.vault.chains import Link, build_chains, links_of_question
from staffml_anki.vault.model import Problem, Question, QuestionId, Release, Severity, Vault
from staffml_anki.vault.policy import Policy, parse_policy
from staffml_anki.vault.questions import parse_question, question_id_of
from staffml_anki.vault.sources import Source, open_source
from staffml_anki.vault.visuals import read_visual
from staffml_anki.wording import show, sound


def load_vault(path: Path, policy: Policy | None = None, progress: Progress = no_progress) -> Vault:
    """Read a vault of any shape. See ``open_source`` and ``read_source``."""
    return read_source(open_source(path), policy, progress)


def read_source(source: Source, policy: Policy | None = None, progress: Progress = no_progress) -> Vault:
    """Parse what a source holds.

    Args:
        policy: what to publish, instead of the vault's own release policy.

    Returns:
        The published questions that are whole; ``problems`` says what kept the others out.
    """
    if policy is None:
        policy = Policy() if source.policy is None else parse_policy(source.policy, "release-policy.yaml")
    reader = _Reader(source, policy)
    # A corpus or database has been parsed as a whole; only the files of a folder are worth spreading.
    if source.shape == "folder":
        found = spread(_parsed, [parse for _, parse in source.records], "Reading questions", progress)
    else:
        found = [_parsed(parse) for _, parse in source.records]
    for (file, _), raw in zip(source.records, found, strict=True):
        reader.take(file, raw)
    return reader.vault()


def _parsed(parse: Callable[[], Any]) -> Any:
    """A raw record, or the reason why it is none."""
    try:
        return parse()
    except Unreadable as why:
        return why


class _Reader:
    """The state of one pass over a source."""

    def __init__(self, source: Source, policy: Policy) -> None:
        self.source = source
        self.policy = policy
        self.problems = list(source.problems)
        self.questions: dict[QuestionId, Question] = {}
        self.broken: list[Question] = []
        self.first_file: dict[str, str] = {}
        self.links: list[Link] = []
        self.unpublished = 0
        # A folder of questions that could not be listed.
        self.unread = [p.file for p in source.problems if p.file.partition("/")[0] == "questions"]
        self.unreadable: set[str] = set()
        """Names of files that could not be read: by custom the ids in them, so that no chain misses them."""

    def take(self, file: str, raw: Any) -> None:
        if isinstance(raw, Unreadable):
            self.problems.append(Problem("error", file, "", str(raw)))
            self.unreadable.add(PurePosixPath(file).stem)
            self.unread.append(file)
            return
        published = not isinstance(raw, Mapping) or self.policy.publishes(raw)
        question_id = question_id_of(raw)
        if not question_id:
            self.unread.append(file)
        twin = self.first_file.setdefault(question_id, file) if question_id else file
        if twin != file:
            message = f"found '{question_id}', which is also the id of {twin}; ids are unique"
            self.problems.append(Problem("error", file, "id", message, question_id))
        elif isinstance(raw, Mapping) and self.source.links is None:
            self.links.extend(links_of_question(raw, file))
        if not published:
            self.unpublished += 1
            return
        question, problems = parse_question(raw, file)
        self.problems.extend(problems)
        if question is not None and not problems and twin == file:
            self.questions[question.id] = question
        elif question is not None:
            self.broken.append(question)

    def vault(self) -> Vault:
        visuals = self._visuals()
        questions = {key: self.questions[key] for key in sorted(self.questions)}
        links = self.links if self.source.links is None else self.source.links
        chains, problems = build_chains(links, questions, self.unreadable | self.first_file.keys())
        release, release_problems = parse_release(self.source.release)
        return Vault(
            questions=questions,
            chains=chains,
            release=release,
            shape=self.source.shape,
            problems=(*self.problems, *problems, *release_problems),
            visuals=visuals,
            broken=tuple(self.broken),
            unpublished=self.unpublished,
            unread=tuple(self.unread),
        )

    def _visuals(self) -> dict[QuestionId, bytes]:
        """The drawings of all questions; a question whose drawing is refused is left out with it."""
        found: dict[QuestionId, bytes] = {}
        # A corpus or database that was downloaded alone has no drawings at all: the text alternative stands in.
        alone = self.source.shape != "folder" and not (self.source.root / "visuals").is_dir()
        for question in [q for q in (*self.questions.values(), *self.broken) if q.visual is not None]:
            assert question.visual is not None
            whole = self.questions.get(question.id) is question
            try:
                drawing = read_visual(self.source.root, question)
            except Unreadable as why:
                missing = alone and str(why) == "does not exist"
                message = f"found {show(question.visual.path)}; the drawing {why}"
                if missing:
                    message += "; its text alternative is shown instead"
                severity: Severity = "warning" if missing else "error"
                self.problems.append(Problem(severity, question.file, "visual.path", message, question.id))
                if whole and not missing:
                    self.broken.append(self.questions.pop(question.id))
            else:
                if whole:
                    found[question.id] = drawing
        return found


def parse_release(raw: Mapping[Any, Any]) -> tuple[Release, list[Problem]]:
    """What a vault says of its release; what is missing keeps its default."""
    known: dict[str, Any] = {}
    problems = []
    for field, key in (
        ("id", "release_id"),
        ("source", "source"),
        ("attribution", "attribution"),
        ("licence", "licence"),
    ):
        value = raw.get(key, raw.get("license") if key == "licence" else None)
        if isinstance(value, str) and value.strip():
            known[field] = " ".join(sound(value).split())
        elif value is not None:
            problems.append(Problem("warning", "release", key, f"found {show(value)}; should be a text"))
    created = raw.get("created_at")
    try:
        if created is not None:
            known["created"] = datetime.fromisoformat(created)
            if not 2000 <= known["created"].year < 2100:
                raise ValueError
    except (TypeError, ValueError):
        known.pop("created", None)
        message = (
            f"found {show(created)}; should be a date such as 2026-05-04T12:00:00+00:00; the release counts as undated"
        )
        problems.append(Problem("warning", "release", "created_at", message))
    return Release(**known), problems
