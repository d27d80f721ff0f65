"""Vault text → HTML that may stand in a field on anybody's phone.

Whatever a vault holds, what comes out is inert, and what was text stays that text: ``<50ms``, ``a < b && c > d``,
``$3M``, ``{{braces}}``. Only the restricted Markdown of a vault becomes markup, and only what is math becomes MathJax.

The order is what makes it safe. Characters that Markdown could take for HTML are first swapped for Unicode
noncharacters and math for numbered placeholders made of them; then comes Markdown, then the sanitiser; and only
escaped text is put back into what the sanitiser has passed.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

import nh3
import pyromark

# Noncharacters (Unicode 23.7) are never valid in exchanged text: no vault can mean them, and every parser lets them by.
_OPEN, _CLOSE, _INLINE, _NEXT = "\ufdd2", "\ufdd3", "\ufdd4", "\ufdd5"
# Characters that must not act as markup, and what stands for them until Markdown is done.
_HELD = {"<": "\ufdd0", ">": "\ufdd1", "*": "\ufdd6", "_": "\ufdd7", "#": "\ufdd8", "[": "\ufdd9", "+": "\ufdda",
         "-": "\ufddb", "=": "\ufddc", ".": "\ufddd", ")": "\ufdde"}  # fmt: skip
_PUT_BACK = [(held, html.escape(character)) for character, held in _HELD.items()]
_RESERVED = re.compile("[\ufdd0-\ufdef]")
_FORGED = re.compile("[\ufdd0-\ufdd4\ufdd6-\ufdef]")
_PLACEHOLDER = re.compile(f"{_OPEN}([0-9]{{1,6}}){_CLOSE}")
_PLACEHOLDER_IN_URL = re.compile(f"{quote(_OPEN)}([0-9]{{1,6}}){quote(_CLOSE)}")
_DISGUISED = quote(_OPEN)[:-2]
_IN_URL = {quote(held): quote(character, safe="*+=") for character, held in _HELD.items()}

# `$…$` is math when it touches its dollars (Pandoc's rule, so that "$3 and $4" is not) and holds a LaTeX signal
# (StaffML's rule, so that "($3M)–($4M)" is not). The signal is demanded by lookahead: where it is missing, the second
# dollar is free to open math of its own. A backtick means that a code span lies across.
_MATH = re.compile(
    r"""
    (?P<escaped> \\. )
    | \$\$ (?= [^$]* [\\^_{=] ) (?P<display> (?: [^$\\`] | \\[^`] )+? ) \$\$
    | \$ (?! [\s$] ) (?= [^$]* [\\^_{] )
      (?P<inline> (?: [^$\\`\n] | \\[^`\n] | \n (?! [ \t]*\n ) )+? ) (?<! \s ) \$ (?! [0-9] )
    """,
    re.VERBOSE | re.DOTALL,
)
# What MathJax would act on beyond typesetting: links, styles, markup, extensions, definitions that outlive the card.
_ACTIVE_MATH = re.compile(
    r"\\(?:href|url|style|class|cssId|data|require|mmlToken|bbox|unicode|texttip|mathtip|toggle|includegraphics|html\w*|"
    r"def|gdef|edef|xdef|let|newcommand|renewcommand|providecommand|newenvironment|renewenvironment|DeclareMathOperator|"
    r"csname|input|write)(?![A-Za-z])"
)
# Bold, code, lists, fences and tables are all the Markdown a vault has. These are line starts that Markdown knows and a
# vault does not, "# of GPUs", "+ 20 GB", "---", "[peak]: 312", "1986. A year"; and the stars of a product or a power,
# "4*1024*1024", "2**10".
_LINE_START = re.compile(
    r"^[ \t]*(?:[#+](?=[ \t])|\[(?=[^\]\n]*\]:)|(?:-+|=+|\*{3,})(?=[ \t]*$)|[0-9]{3,9}[.)](?=[ \t]))", re.MULTILINE
)
_PRODUCT = re.compile(r"\*(?<=[\w)\]]\*)(?=[\w(\[])|\*\*(?<=[0-9)]\*\*)(?=[0-9(])")
_CODE = re.compile(r"(<code>.*?</code>)", re.DOTALL)
_PRE = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)
_BLOCK = r"</?(?:p|ul|ol|li|pre|table|thead|tbody|tr|th|td|h[1-6]|hr)\b"
# A line end in running text: not after a block's tag, but after an inline one. Looking back from it makes it fast.
_AFTER_TEXT = "|".join(rf"(?<={before}\n)" for before in ("[^>\n]", "</strong>", "</em>", "</code>", "</a>"))
_SOFT_BREAK = re.compile(rf"\n(?:{_AFTER_TEXT})(?!{_BLOCK}|\Z|\ufdd5)")
_BROUGHT_IN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufdd5]")
# What Anki itself acts on in a field: sound and text-to-speech tags (a player is started), LaTeX (a compiler is).
_ANKI_TAG = re.compile(r"\[(?=/?(?:sound:|anki:|latex\]|\$\$?\]))", re.IGNORECASE)
_UNTYPESET = r'\<span class="mathjax_ignore tex2jax_ignore">{}</span>'

_OPTIONS = pyromark.Options.ENABLE_TABLES
_TAGS = set("p br strong em code pre ul ol li table thead tbody tr th td h3 h4 h5 h6 hr a".split())
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"https"},
    url_relative="deny",
    link_rel="noopener noreferrer",
    clean_content_tags={"script", "style", "iframe", "object", "svg", "math"},
)


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Plain text → HTML: nothing in it is markup, line ends are kept."""
    return _defuse(_untypeset(html.escape(_unreserved(text), quote=False))).replace("\n", "<br>")


def attribute(text: str) -> str:
    """Plain text → the inside of a double-quoted HTML attribute."""
    return _defuse(html.escape(_unreserved(text), quote=True)).replace("\\", "&#92;")


def markdown(text: str) -> str:
    """Restricted Markdown with ``$…$`` math → HTML blocks."""
    return render_markdown([text])[0][0]


def markdown_line(text: str) -> str:
    """Restricted Markdown that must stay one line, such as an option: → HTML without a block around it."""
    return render_markdown([], [text])[1][0]


def render_markdown(blocks: Sequence[str], lines: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Many texts at once, each as ``markdown`` or ``markdown_line`` would render it, in half the time.

    Markdown sees each text alone; what comes after it is the same for all of them together.
    """
    texts = [*blocks, *lines]
    if not texts:
        return [], []
    count = len(blocks)
    if _RESERVED.search("".join(texts)):
        texts = [_unreserved(text) for text in texts]
    # A leading noncharacter keeps "- 5 W" or "1. The bus" from opening a list.
    texts[count:] = [_INLINE + " ".join(text.split()) for text in texts[count:]]
    rendered = _render(texts)
    return rendered[:count], [out.removeprefix("<p>").removesuffix("</p>") for out in rendered[count:]]


def link(url: str, name: str) -> str:
    """A link that opens outside the card, or only its name where the address is not https."""
    label = plain(name or url)
    if not url.lower().startswith("https://") or not url.isprintable():
        return label
    return f'<a href="{attribute(url)}" rel="noopener noreferrer">{label}</a>'


def _render(texts: list[str]) -> list[str]:
    math: list[tuple[str, str]] = []

    def hold(match: re.Match[str]) -> str:
        if match["escaped"]:
            return match[0]
        body = match["inline"] or match["display"]
        if _ACTIVE_MATH.search(body):
            return match[0]
        math.append((match[0], rf"\({body}\)" if match["inline"] else rf"\[{body}\]"))
        return f"{_OPEN}{len(math) - 1}{_CLOSE}"

    texts = [_MATH.sub(hold, text) if text.count("$") > 1 else text for text in texts]
    # Each on lines of its own, so that line starts can be looked for in all at once.
    between = f"\n{_NEXT}\n"
    texts = _hold_back(between.join(texts)).split(between)
    pages = [pyromark.html(text, options=_OPTIONS) for text in texts]
    # Only a character reference can bring in what the vault's own texts are refused for.
    referring = any("&#" in text for text in texts)
    if referring:
        pages = [_BROUGHT_IN.sub("\ufffd", page) for page in pages]
    out = _untypeset(_keep_line_ends(_CLEANER.clean(_NEXT.join(pages))))
    if math:
        out = _restore(out, math)
    if _DISGUISED in out:
        for disguised, right in _IN_URL.items():
            out = out.replace(disguised, right)
    if not out.isascii():
        for held, escaped in _PUT_BACK:
            out = out.replace(held, escaped)
        out = out.replace(_INLINE, "")
        if referring:
            out = _FORGED.sub("\ufffd", out)
        out = unicodedata.normalize("NFC", out)
    return [page.strip() for page in _defuse(out).split(_NEXT)]


def _hold_back(text: str) -> str:
    """Swap what Markdown would take for markup, and a vault does not mean as such."""
    for character in "<>_":
        if character in text:
            text = text.replace(character, _HELD[character])
    if "*" in text:
        text = _PRODUCT.sub(lambda match: _HELD["*"] * len(match[0]), text)
    return _LINE_START.sub(lambda match: "".join(_HELD.get(c, c) for c in match[0]), text)


def _restore(out: str, math: list[tuple[str, str]]) -> str:
    """Put math back: typeset in text, as it was written in code and in addresses."""

    def written(match: re.Match[str]) -> str:
        return html.escape(_held(math, match)[0])

    def typeset(match: re.Match[str]) -> str:
        return html.escape(_held(math, match)[1], quote=False)

    parts = _CODE.split(out)
    parts[1::2] = [_PLACEHOLDER.sub(written, code) for code in parts[1::2]]
    parts[::2] = [_PLACEHOLDER.sub(typeset, text) for text in parts[::2]]
    return _PLACEHOLDER_IN_URL.sub(lambda match: quote(_held(math, match)[0]), "".join(parts))


def _held(math: list[tuple[str, str]], match: re.Match[str]) -> tuple[str, str]:
    """What a placeholder stands for; one that was forged with character references stands for nothing."""
    index = int(match[1])
    return math[index] if index < len(math) else ("\ufffd", "\ufffd")


def _keep_line_ends(out: str) -> str:
    """Calculations are written line by line, and Markdown would run the lines together."""
    if "\n" not in out:
        return out
    parts = _PRE.split(out)
    parts[::2] = [_SOFT_BREAK.sub("<br>", part) for part in parts[::2]]
    return "".join(parts)


def _untypeset(out: str) -> str:
    """Keep MathJax, and Anki's editor, from text that only looks like math."""
    if "\\" in out:
        for bracket in "([":
            out = out.replace("\\" + bracket, _UNTYPESET.format(bracket))
    return out


def _defuse(out: str) -> str:
    """Keep Anki from acting on text that only looks like its own tags. The last thing to happen to a field."""
    return _ANKI_TAG.sub("&#91;", out) if "[" in out else out


def _unreserved(text: str) -> str:
    return text if text.isascii() else _RESERVED.sub("\ufffd", text)
