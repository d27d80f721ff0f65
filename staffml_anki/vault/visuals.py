"""Drawings: where they may lie, and what an SVG may contain to be put on somebody's phone."""

import re
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from staffml_anki.reading import MAX_VISUAL, Unreadable, read_bytes
from staffml_anki.vault.model import Question

_ELEMENTS = frozenset(
    "svg g defs title desc metadata symbol use marker path rect circle ellipse line polyline polygon text tspan "
    "textPath linearGradient radialGradient stop pattern clipPath mask style filter feGaussianBlur feOffset feMerge "
    "feMergeNode feFlood feComposite feBlend feColorMatrix feDropShadow feComponentTransfer feFuncR feFuncG feFuncB "
    "feFuncA feMorphology switch".split()
)
_SVG = "http://www.w3.org/2000/svg"
# A reference to anything but a part of the same drawing; CSS escapes could spell one in disguise.
_OUTSIDE = re.compile(
    r"(?:url|src|image|image-set|cross-fade|element|expression)\s*+\(\s*+(?![\"']?\s*+#)|javascript\s*:", re.IGNORECASE
)
# What CSS can hide a reference behind: at-rules, escapes, comments.
_CSS_TRICK = re.compile(r"@|\\|/\*")


def read_visual(root: Path, question: Question) -> bytes:
    """The SVG of a question, read from ``<root>/visuals/<track>/<path>`` and found harmless.

    Raises:
        Unreadable: the path leaves the vault, there is no such file, or the drawing is not a plain, inert SVG.
    """
    assert question.visual is not None
    name = question.visual.path
    pure = PurePosixPath(name)
    if not name or pure.is_absolute() or ".." in pure.parts or "\\" in name or ":" in name or not name.isprintable():
        raise Unreadable("leads out of the vault; give a file name below visuals/<track>/")
    file = root / "visuals" / question.track / pure
    try:
        home = root.resolve()
        inside = file.resolve().is_relative_to(home)
        direct = file.parent.resolve() == (home / "visuals" / question.track / pure).parent
    except (OSError, RuntimeError):
        inside = direct = False
    if not inside:
        raise Unreadable("is a link that leaves the vault")
    if not direct:
        raise Unreadable("lies behind a link to a folder; put the file itself below visuals/<track>/")
    data = read_bytes(file, MAX_VISUAL)
    require_inert(data)
    return data


def require_inert(svg: bytes) -> None:
    """Refuse an SVG that is broken, scripted, animated, or refers to anything outside itself."""
    parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
    style_depth = 0
    first = True

    def doctype(*_: object) -> None:
        raise Unreadable("holds a DOCTYPE; remove it")

    def instruction(*_: object) -> None:
        raise Unreadable("holds a processing instruction; remove it")

    def declared(_version: str, encoding: str | None, _standalone: int) -> None:
        # Read as UTF-8 here and as something else in a browser, it would be another drawing.
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            raise Unreadable(f"is declared as {encoding[:20]}; save it as UTF-8")

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal style_depth, first
        namespace, _, name = tag.rpartition(" ")
        if first and (namespace, name) != (_SVG, "svg"):
            raise Unreadable('is not an SVG (its root is not <svg xmlns="http://www.w3.org/2000/svg">)')
        first = False
        # Editors leave metadata in namespaces of their own; a browser ignores it and so do we.
        if namespace == _SVG and name not in _ELEMENTS:
            raise Unreadable(f"holds <{name}>, which a drawing does not need; remove it")
        if namespace == "http://www.w3.org/1999/xhtml":
            raise Unreadable(f"holds HTML (<{name}>); remove it")
        style_depth += name == "style"
        for key, value in attributes.items():
            attribute = key.rpartition(" ")[2].lower()
            if attribute.startswith("on"):
                raise Unreadable(f"holds the event handler {attribute}; remove it")
            if attribute in ("base", "ping"):
                raise Unreadable(f"holds {attribute}, which a drawing does not need; remove it")
            if attribute in ("href", "src") and not value.strip().startswith("#"):
                raise Unreadable(f"refers to something outside itself ({attribute}); embed or remove it")
            if _OUTSIDE.search(value) or (attribute == "style" and _CSS_TRICK.search(value)):
                raise Unreadable(f"refers to something outside itself (in {attribute}); remove it")

    def end(tag: str) -> None:
        nonlocal style_depth
        style_depth -= tag.rpartition(" ")[2] == "style"

    css: list[str] = []
    parser.XmlDeclHandler = declared
    parser.StartDoctypeDeclHandler = doctype
    parser.ProcessingInstructionHandler = instruction
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: css.append(text) if style_depth else None
    try:
        parser.Parse(svg, True)
    except expat.ExpatError as error:
        raise Unreadable(f"line {error.lineno}: broken SVG: {expat.ErrorString(error.code)}") from None
    if _OUTSIDE.search("".join(css)) or _CSS_TRICK.search("".join(css)):
        raise Unreadable("refers to something outside itself (in its style); remove it")
