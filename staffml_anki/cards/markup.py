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
from urllib.parse import quote

import nh3
import pyromark

# Noncharacters (Unicode 23.7) are never valid in exchanged text: no vault can mean them, and every parser lets them by.
_LT, _GT, _OPEN, _CLOSE, _INLINE = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3", "\ufdd4"
_RESERVED = re.compile("[\ufdd0-\ufdef]")
_PLACEHOLDER = re.compile(f"{_OPEN}([0-9]{{1,6}}){_CLOSE}")
_PLACEHOLDER_IN_URL = re.compile(f"{quote(_OPEN)}([0-9]{{1,6}}){quote(_CLOSE)}")
_DISGUISED = quote(_LT)[:-1]
_URL_SWAPS = ((quote(_LT), "%3C"), (quote(_GT), "%3E"))

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
_CODE = re.compile(r"(<code>.*?</code>)", re.DOTALL)
_PRE = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)
_BLOCK = r"</?(?:p|ul|ol|li|pre|table|thead|tbody|tr|th|td|h[1-6]|hr)\b"
_SOFT_BREAK = re.compile(rf"(</(?:strong|em|code|a)>|[^>\n])\n(?!{_BLOCK}|\Z)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
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


def plain(text: str) -> str:
    """Plain text → HTML: nothing in it is markup, line ends are kept."""
    return _defuse(html.escape(_unreserved(text), quote=False)).replace("\n", "<br>")


def attribute(text: str) -> str:
    """Plain text → the inside of a double-quoted HTML attribute."""
    return _ANKI_TAG.sub("&#91;", html.escape(_unreserved(text), quote=True)).replace("\\", "&#92;")


def markdown(text: str) -> str:
    """Restricted Markdown with ``$…$`` math → HTML blocks."""
    return _render(_unreserved(text)) if text else ""


def markdown_line(text: str) -> str:
    """Restricted Markdown that must stay one line, such as an option: → HTML without a block around it."""
    if not text:
        return ""
    # A leading noncharacter keeps "- 5 W" or "1. The bus" from opening a list.
    rendered = _render(_INLINE + " ".join(_unreserved(text).split()))
    return rendered.removeprefix("<p>").removesuffix("</p>")


def link(url: str, name: str) -> str:
    """A link that opens outside the card, or only its name where the address is not https."""
    label = plain(name or url)
    if not url.lower().startswith("https://") or not url.isprintable():
        return label
    return f'<a href="{attribute(url)}" rel="noopener noreferrer">{label}</a>'


def _render(text: str) -> str:
    math: list[tuple[str, str]] = []

    def hold(match: re.Match[str]) -> str:
        if match["escaped"]:
            return match[0]
        body = match["inline"] or match["display"]
        math.append((match[0], rf"\({body}\)" if match["inline"] else rf"\[{body}\]"))
        return f"{_OPEN}{len(math) - 1}{_CLOSE}"

    if "$" in text:
        text = _MATH.sub(hold, text)
    if "<" in text or ">" in text:
        text = text.replace("<", _LT).replace(">", _GT)
    out = _CLEANER.clean(pyromark.html(text, options=_OPTIONS)).strip()
    out = _defuse(_keep_line_ends(out))
    if math:
        out = _restore(out, math)
    if _DISGUISED in out:
        for disguised, right in _URL_SWAPS:
            out = out.replace(disguised, right)
    if not out.isascii():
        out = _RESERVED.sub("\ufffd", out.replace(_LT, "&lt;").replace(_GT, "&gt;").replace(_INLINE, ""))
        out = unicodedata.normalize("NFC", out)
    return out


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
    parts[::2] = [_SOFT_BREAK.sub(r"\1<br>", part) for part in parts[::2]]
    return "".join(parts)


def _defuse(out: str) -> str:
    """Keep Anki and MathJax from acting on text that only looks like theirs. Works on escaped HTML."""
    out = _CONTROL.sub("\ufffd", out)
    if "[" in out:
        out = _ANKI_TAG.sub("&#91;", out)
    if "\\" in out:
        for bracket in "([":
            out = out.replace("\\" + bracket, _UNTYPESET.format(bracket))
    return out


def _unreserved(text: str) -> str:
    return text if text.isascii() else _RESERVED.sub("\ufffd", text)
