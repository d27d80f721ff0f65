"""What a reader of the whole vault would object to, beyond what makes a single question unreadable."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from staffml_anki.vault.advice import advise
from staffml_anki.vault.axes import TOPICS
from staffml_anki.vault.model import Problem, Question, Vault
from staffml_anki.vault.questions import UPSTREAM_KEY
from staffml_anki.vault.similar import alike
from staffml_anki.wording import nearest, show

MAX_TITLE = 120
MAX_QUESTION = 200
OPTIONS = 4
_PLAIN = ("title", "scenario", "question")
_MARKDOWN = ("solution", "common_mistake", "napkin_math")
# A tag as HTML has it, with well-formed attributes: `a <b && c> d` is a comparison and stays one.
_TAG = re.compile(
    r"</?(?:a|abbr|audio|b|blockquote|br|button|center|code|del|details|div|em|embed|font|form|h[1-6]|hr|i|iframe|img|"
    r"input|ins|kbd|li|link|math|meta|object|ol|p|pre|script|small|span|strong|style|sub|summary|sup|svg|table|tbody|"
    r"td|th|thead|tr|u|ul|video)(?:\s+[\w:-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>=]+))?)*\s*/?>",
    re.IGNORECASE,
)
_TODO = re.compile(r"\bTODO\b")
_LINK = re.compile(r"\[[^\[\]\n]*\]\(\s*<?([^)\s>]+)")
_IMAGE = re.compile(r"!\[[^\[\]\n]*\]\(")


def check(vault: Vault, now: datetime) -> tuple[Problem, ...]:
    """Every problem of a vault: those met while reading, then those of its content, ordered by file.

    Args:
        now: an aware time, to tell a release date that lies ahead.
    """
    problems = list(vault.problems)
    for question in vault.questions.values():
        problems.extend(_of_question(question, whole=True))
    for draft in vault.broken:
        problems.extend(_of_question(draft, whole=False))
    problems.extend(_of_authors(tuple(vault.questions.values())))
    if (released := vault.release.timestamp) is not None and released > now.timestamp():
        assert vault.release.created is not None
        message = f"found {vault.release.created.isoformat()}, which lies ahead; notes would look newer than they are"
        problems.append(Problem("warning", "release", "created_at", message))
    return tuple(sorted(problems, key=lambda p: (p.file, p.field, p.message)))


def _of_authors(questions: Sequence[Question]) -> Iterator[Problem]:
    """Advice on each question, and the ones that repeat another."""
    for question, field, message in advise(questions):
        yield _warning(question, field, message)
    for question, twin, share in alike(questions):
        message = f"is much like that of {twin.id} ({share:.0%} of the word triples, numbers aside); ask something else"
        yield _warning(question, "scenario", message)


def _warning(question: Question, field: str, message: str) -> Problem:
    return Problem("warning", question.file, UPSTREAM_KEY.get(field, field), message, question.id)


def _of_question(question: Question, *, whole: bool) -> Iterator[Problem]:
    def warn(field: str, message: str) -> Problem:
        return _warning(question, field, message)

    if question.topic and question.topic not in TOPICS:
        yield warn("topic", f"found {show(question.topic)}; {nearest(question.topic, TOPICS)}")
    if len(question.title) > MAX_TITLE:
        yield warn("title", f"has {len(question.title)} characters; at most {MAX_TITLE}")
    if len(question.question) > MAX_QUESTION:
        yield warn("question", f"has {len(question.question)} characters; at most {MAX_QUESTION}")
    if question.options and len(question.options) != OPTIONS:
        yield warn("options", f"found {len(question.options)}; exactly {OPTIONS}")
    if question.correct_index is not None and not question.options and whole:
        yield warn("correct_index", "found without options; remove it or add them")
    for field in (*_PLAIN, *_MARKDOWN):
        if _TODO.search(getattr(question, field)):
            yield warn(field, "still says TODO")
    for field in _PLAIN:
        if tag := _TAG.search(getattr(question, field)):
            yield warn(field, f"found {show(tag.group())}; plain text holds no HTML (it will be shown as it stands)")
    for field in _MARKDOWN:
        yield from (warn(field, message) for message in _markdown_faults(getattr(question, field)))
    for index, option in enumerate(question.options):
        yield from (warn("options", f"[{index}]: {message}") for message in _markdown_faults(option))
    for index, resource in enumerate(question.resources):
        if not resource.url.lower().startswith("https://"):
            yield warn("resources", f"[{index}].url: found {show(resource.url)}; links begin with https://")


def _markdown_faults(text: str) -> Iterator[str]:
    if tag := _TAG.search(text):
        yield f"found {show(tag.group())}; use Markdown, HTML is shown as it stands"
    if _IMAGE.search(text):
        yield "found an image; only `visual` may hold one (it will not be shown)"
    for link in _LINK.findall(text):
        if not link.lower().startswith("https://"):
            yield f"found the link {show(link)}; links begin with https:// (its text alone will be shown)"
