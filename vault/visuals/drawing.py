"""A small pen for the vault's drawings: plain SVG that reads on a phone, on white, without a style sheet.

Each ``vault/visuals/<track>.py`` draws its track's pictures with it::

    python vault/visuals/cloud.py

Drawings are 480 units wide (a phone's width), their text is at least 14 units high, and they are the same bytes on
every run. Colour never carries a meaning alone: what is coloured is labelled, too.
"""

from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

HERE = Path(__file__).parent
INK, SOFT, GRID, PANEL = "#111827", "#4b5563", "#b8c0cc", "#eef2f7"
BLUE, GREEN, AMBER, RED, PURPLE = "#2563eb", "#15803d", "#b45309", "#b91c1c", "#7c3aed"


class Drawing:
    """Shapes on a white sheet; x grows to the right, y downwards, in user units.

    Args:
        name: ``<track>/<file>.svg``, below ``vault/visuals/``.
        label: what it shows, in a few words, for screen readers. It must not give the answer away.
    """

    def __init__(self, name: str, label: str, height: int, width: int = 480) -> None:
        self._name, self._label = name, label
        self.width, self.height = width, height
        self._parts: list[str] = []

    def rect(
        self, x: float, y: float, w: float, h: float, fill: str = PANEL, line: str = SOFT, round_: float = 0
    ) -> None:
        self._add(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" rx="{_n(round_)}"'
            f' fill="{fill}" stroke="{line}"/>'
        )

    def text(
        self, x: float, y: float, words: str, size: int = 15, anchor: str = "start", fill: str = INK, bold: bool = False
    ) -> None:
        """``anchor`` is start, middle or end; ``y`` is the base line."""
        weight = ' font-weight="bold"' if bold else ""
        self._add(
            f'<text x="{_n(x)}" y="{_n(y)}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"{weight}>'
            f"{escape(words)}</text>"
        )

    def box(
        self, x: float, y: float, w: float, h: float, *lines: str, fill: str = PANEL, line: str = SOFT, size: int = 15
    ) -> None:
        """A rounded box with centred lines of text."""
        self.rect(x, y, w, h, fill, line, 6)
        step = size * 1.3
        top = y + h / 2 - step * (len(lines) - 1) / 2 + size * 0.35
        for number, words in enumerate(lines):
            self.text(x + w / 2, top + step * number, words, size, "middle")

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str = SOFT, width: float = 1.5, dashed: bool = False
    ) -> None:
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self._add(
            f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" stroke="{colour}"'
            f' stroke-width="{_n(width)}"{dash}/>'
        )

    def path(
        self, points: list[tuple[float, float]], colour: str = BLUE, width: float = 2.5, dashed: bool = False
    ) -> None:
        """A line through points."""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        through = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._add(f'<polyline points="{through}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"{dash}/>')

    def arrow(self, x1: float, y1: float, x2: float, y2: float, colour: str = SOFT, width: float = 1.5) -> None:
        """A line with a head at its second end."""
        self.line(x1, y1, x2, y2, colour, width)
        length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1e-9)
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        left = (x2 - 9 * ux - 4.5 * uy, y2 - 9 * uy + 4.5 * ux)
        right = (x2 - 9 * ux + 4.5 * uy, y2 - 9 * uy - 4.5 * ux)
        corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in ((x2, y2), left, right))
        self._add(f'<polygon points="{corners}" fill="{colour}"/>')

    def circle(self, x: float, y: float, r: float, fill: str = PANEL, line: str = SOFT) -> None:
        self._add(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}" fill="{fill}" stroke="{line}"/>')

    def save(self) -> None:
        box = f'viewBox="0 0 {self.width} {self.height}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label={quoteattr(self._label)}>'
        sheet = f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>'
        body = "\n".join([head, sheet, '<g font-family="sans-serif">', *self._parts, "</g>", "</svg>", ""])
        target = HERE / self._name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(body, encoding="utf-8")

    def _add(self, element: str) -> None:
        self._parts.append(element)


def _n(value: float) -> str:
    """A coordinate without noise: at most two decimals, no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
