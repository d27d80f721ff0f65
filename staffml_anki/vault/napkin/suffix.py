"""What stands behind a number: ``million``, ``GB/s``, ``% of``, ``token per second and user``."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from staffml_anki.vault.napkin import units
from staffml_anki.vault.napkin.expression import FUNCTIONS, Quantity
from staffml_anki.vault.napkin.reading import Reading, Unreadable
from staffml_anki.vault.napkin.tokens import Token

PROSE = frozenset(
    "a an and are as at because but by each every for from if in is it not of on or so than that the then this to when "
    "where which while will with would".split()
)
CURRENCIES = "$€£"
_OPERATOR_WORDS = frozenset(("times", "plus", "minus", "per", "of"))
_BINARY = {"kilobyte": "kibibyte", "megabyte": "mebibyte", "gigabyte": "gibibyte", "terabyte": "tebibyte"}
_THOUSANDS = {"k": 1, "K": 1, "M": 2, "G": 3, "thousand": 1, "million": 2}


class Suffix:
    """Reads on from where a number ends."""

    def __init__(self, tokens: Sequence[Token], at: int, reading: Reading, place: str, *, last: bool) -> None:
        self.tokens, self.start, self.at, self.reading, self.place, self.last = tokens, at, at, reading, place, last
        self.scale, self.factor, self.offset = 1.0, 1.0, 0.0
        self.dimension = units.NO_DIMENSION
        self.bare, self.strange, self.noun = True, False, False

    @property
    def empty(self) -> bool:
        return self.at == self.start

    def read(self) -> int:
        """Take what belongs to the number; where that ends."""
        sign, was, joined = 1, 1, False
        while (token := self._peek()) is not None:
            if token.kind == "word":
                if not self._word(token, sign, joined):
                    break
                was, sign, joined = sign, 1, False
            elif token.text == "%":
                self.at += 1
                self.scale *= self.reading.percent if self.reading.percent == 1.0 else 0.01**sign
                sign = 1
            elif token.text in CURRENCIES and not self._is("number", 1, tight=True):
                self._take(units.readings(token.text, True), token, sign)
                sign = 1
            elif token.text == "/" and self._divides():
                self.at += 1
                sign = -1
            elif token.text in ("-", "×") and self._joins(token):
                self.at += 1
                sign, joined = was, True  # "/GPU-hour" divides by both
            else:
                break
        return self.at

    def behind(self, number: Quantity) -> Quantity:
        """The number with what was read."""
        words = "".join(f" {t.text}" if t.spaced else t.text for t in self.tokens[self.start : self.at])
        return replace(
            number,
            low=number.low * self.scale + self.offset,
            high=number.high * self.scale + self.offset,
            half=number.half * self.scale,
            scale=self.scale,
            factor=number.factor * self.factor,
            dimension=units.product(number.dimension, self.dimension),
            bare=number.bare and self.bare,
            suffix=f"{number.suffix}{words}",
            strange=self.strange,
        )

    def _peek(self, ahead: int = 0) -> Token | None:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else None

    def _is(self, kind: str, ahead: int, *, tight: bool = False) -> bool:
        token = self._peek(ahead)
        return token is not None and token.kind == kind and not (tight and token.spaced)

    def _divides(self) -> bool:
        """Whether a slash belongs to the unit, as in ``GB/s``, and not to the line, as in ``GB / 3``."""
        slash, after = self._peek(), self._peek(1)
        if slash is None or after is None:
            return False
        if after.text in CURRENCIES:
            return not self._is("number", 2)
        if after.kind != "word" or after.text.lower() in FUNCTIONS:
            return False
        # `26.3 /s` and `GB/s` are units; `GB / s` is one, too, and `GB / batch` a symbol.
        return not after.spaced or bool(units.readings(after.text, True)) or units.is_noun(after.text)

    def _joins(self, dash: Token) -> bool:
        """``GPU-hours``, ``8-bit``, ``kW·h``: a mark between words, or between a number and its unit."""
        before, after = self.tokens[self.at - 1], self._peek(1)
        if dash.spaced or after is None or after.spaced or after.kind != "word" or after.text.lower() in FUNCTIONS:
            return False
        if before.kind == "number":
            return dash.text == "-" or self.at - self.start > 1  # `8-bit`; `byte^2·s`
        return before.kind in ("word", "superscript")

    def _word(self, token: Token, sign: int, joined: bool) -> bool:
        """Take a word; False where the words that belong to the number end."""
        text, lower = token.text, token.text.lower()
        if lower in _OPERATOR_WORDS:
            return self._operator_word(lower)
        if sign == 1 and self.bare and not self.noun and (scale := self._multiplier(text)) is not None:
            self.scale *= scale
            self.at += 1
            return True
        names = units.readings(text, token.spaced or sign < 0 or joined)
        if names and (sign < 0 or joined or not self.noun):
            self._take(names, token, sign)
            return True
        if lower in PROSE:
            if self.last:
                return False
            self.reading.loose = True
        if (len(text) == 1 and lower != "x") or (not token.spaced and lower in ("st", "nd", "rd", "th")):
            raise Unreadable  # a symbol, an ordinal: 2N, 99th
        if lower in units.UNSCALED:
            raise Unreadable
        self.reading.loose |= not token.spaced and any(c.isdigit() for c in text)
        self.noun = True
        self.strange |= not units.is_noun(text)
        self.at += 1
        return True

    def _operator_word(self, word: str) -> bool:
        after = self._peek(1)
        if after is None or after.kind == "number" or (word not in ("per", "of")):
            return False
        if word == "per" and after.kind == "word":
            self.at += 1
            return self._word(after, -1, joined=False) or True
        if self.last:
            return False
        self.reading.loose = True
        self.at += 1
        return True

    def _multiplier(self, text: str) -> float | None:
        """``70B`` and ``4 million``. ``30 K`` and ``16 B`` are kelvins and bytes first."""
        token = self._peek()
        assert token is not None
        value = units.MULTIPLIERS.get(text)
        if value is None or text in ("B", "K"):
            return None
        if self.reading.binary and text in _THOUSANDS:
            return 1024.0 ** _THOUSANDS[text]
        return value

    def _take(self, names: Sequence[str], token: Token, sign: int) -> None:
        if token.text == "K" and token.spaced and not self._is("word", 1):
            names = names[:1]  # "30 K" alone is a temperature; "4 K tokens" are thousands
        name = self.reading.pick(f"{token.text}{self.place}.{self.at}", names) if len(names) > 1 else names[0]
        self.at += 1
        if name.startswith("×"):
            self.scale *= 1024.0 if self.reading.binary and token.text == "K" else float(name[1:])
            return
        found = units.unit(_BINARY.get(name, name) if self.reading.binary else name)
        factor, dimension = found.factor, found.dimension
        if token.text.lower().endswith(("mac", "macs")):
            factor *= self.reading.multiply_add
        if name == "kelvin" and "C" in token.text:
            self.offset = self.reading.celsius
        exponent = sign * self._exponent()
        self.factor *= factor**exponent
        self.dimension = units.product(self.dimension, units.power(dimension, Fraction(exponent)))
        self.bare = False

    def _exponent(self) -> int:
        """``s²``, ``ms^2``."""
        mark = self._peek()
        if mark is not None and mark.kind == "superscript":
            self.at += 1
            return _small(mark.value)
        if mark is not None and mark.text == "^":
            ahead = 1 + self._is("open", 1)
            negative = (sign := self._peek(ahead)) is not None and sign.text == "-"
            number = self._peek(ahead + negative)
            if number is not None and number.kind == "number":
                self.at += ahead + negative + 1 + (ahead - 1)
                return _small(-number.value if negative else number.value)
        return 1


def _small(exponent: float) -> int:
    if exponent != int(exponent) or abs(exponent) > 9:
        raise Unreadable
    return int(exponent)
