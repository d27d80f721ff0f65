"""LaTeX math → the plain notation of a calculation line: ``\\frac{2}{3} \\times 10^{9}`` → ``((2)/(3)) × 10^(9)``."""

import re

MAX_DEPTH = 20
_COMMANDS = {
    "times": "×", "cdot": "×", "ast": "×", "div": "÷", "approx": "≈", "simeq": "≈", "sim": "≈", "cong": "≈",
    "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">", "ll": "<",
    "gg": ">", "ne": "≠", "neq": "≠", "to": "→", "rightarrow": "→", "Rightarrow": "→", "implies": "→", "pi": "π",
    "mu": "µ", "Omega": "Ω", "circ": "°", "degree": "°", "pm": "±", "infty": "∞", "sum": "∑", "prod": "∏", "ln": "ln",
    "log": "log", "exp": "exp", "max": "max", "min": "min", "lceil": "⌈", "rceil": "⌉", "lfloor": "⌊", "rfloor": "⌋",
    "quad": " ", "qquad": " ", "left": "", "right": "", "big": "", "Big": "", "bigl": "", "bigr": "",
    "displaystyle": "", "ldots": "…", "dots": "…", "cdots": "…", "%": "%", "$": "$", "_": "_", "#": "#", "&": " ",
    ",": " ", ";": " ", ":": " ", "!": "", " ": " ", "{": "(", "}": ")", "\\": "; ",
}  # fmt: skip
_TEXTS = frozenset("text mathrm mathbf mathit mathsf textbf textit operatorname textrm mbox boldsymbol bm".split())
_MATH = re.compile(r"\$(?![\s$])([^$\n]{1,1000})(?<!\s)\$(?!\d)")
_SIGNAL = re.compile(r"[\\^_{]|[=≈+×].*\d|\d\s*[*/·−-]\s*\d")
_TOKEN = re.compile(r"\\([A-Za-z]+|.)|([{}^_~])|([^\\{}^_~]+)")


def without_latex(text: str) -> str:
    """A line with the LaTeX in it written out. Prices such as ``$3`` and ``$4M`` stay."""
    text = text.replace("$$", " ")
    if "$" in text:
        text = _MATH.sub(_body, text)
    return _Writer(text).write() if "\\" in text or "{" in text else text


def _body(match: re.Match[str]) -> str:
    body = match[1]
    balanced = body.count("(") == body.count(")")
    return _Writer(body).write() if balanced and _SIGNAL.search(body) else match[0]


class _Writer:
    """One pass from left to right; what is not understood is left for the tokenizer to refuse."""

    def __init__(self, text: str) -> None:
        self.parts: list[tuple[str, str, str]] = [
            (m[1] or "", m[2] or "", m[3] or "") for m in _TOKEN.finditer(text.replace("{,}", ""))
        ]
        self.at = 0

    def write(self) -> str:
        out: list[str] = []
        while self.at < len(self.parts):
            out.append(self._next(0))
        return "".join(out)

    def _next(self, depth: int) -> str:
        command, mark, plain = self.parts[self.at]
        self.at += 1
        if plain:
            return plain
        if mark == "{":
            return self._group(depth)
        if mark:
            return self._script(mark, depth) if mark in "^_" else " " if mark == "~" else ""
        if command in ("frac", "dfrac", "tfrac"):
            return f"(({self._argument(depth)})/({self._argument(depth)}))"
        if command == "sqrt":
            return f"sqrt({self._argument(depth)})"
        if command in _TEXTS:
            return self._argument(depth)
        return _COMMANDS.get(command, f" {command} " if command.isalpha() else command)

    def _script(self, mark: str, depth: int) -> str:
        """A power; or an index, which makes one word with what it stands behind."""
        argument = self._argument(depth)
        if mark == "_":
            return "_" + re.sub(r"\W+", "_", argument.strip())
        return argument if argument.strip() == "°" else f"^({argument})"

    def _argument(self, depth: int) -> str:
        if self.at >= len(self.parts) or depth > MAX_DEPTH:
            return ""
        plain = self.parts[self.at][2]
        if plain:
            # `\frac12`, `x^2`: an argument without braces is one character.
            stripped = plain.lstrip()
            self.parts[self.at] = ("", "", stripped[1:])
            if not stripped[1:]:
                self.at += 1
            return stripped[:1]
        return self._next(depth + 1)

    def _group(self, depth: int) -> str:
        out: list[str] = []
        while self.at < len(self.parts) and self.parts[self.at][1] != "}":
            if depth > MAX_DEPTH:
                self.at += 1
                continue
            out.append(self._next(depth + 1))
        self.at += 1
        return "".join(out)
