"""One member of a chain → an expression, by precedence climbing over its tokens (Pratt, 1973).

Where a spelling has several meanings (``70B``, ``TFLOPs``, ``2-4``), the reading is asked; the caller may try another.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from staffml_anki.vault.napkin import units
from staffml_anki.vault.napkin.expression import FUNCTIONS, Node, Operation, Quantity
from staffml_anki.vault.napkin.reading import Reading, Unreadable
from staffml_anki.vault.napkin.suffix import CURRENCIES, PROSE, Suffix
from staffml_anki.vault.napkin.tokens import Token

MAX_DEPTH = 30
_BINDING = {"+": 10, "-": 10, "×": 20, "/": 20}
_WORD_OPERATORS = {"times": "×", "plus": "+", "minus": "-"}
_ABOUT = frozenset("about approximately roughly approx around nearly almost ca circa some".split())
_FILLERS = frozenset("only just still exactly another a an the is are or".split())
_REMARKS = frozenset("as at better faster fewer less lower more slower smaller larger higher longer the what".split())
_SYMBOLS_OF_FUNCTIONS = {
    "log₂": "log2",
    "log_2": "log2",
    "lg": "log2",
    "log₁₀": "log10",
    "log_10": "log10",
    "√": "sqrt",
}
_BRACKETS = {"⌈": "ceil", "⌊": "floor"}


def parse_member(tokens: Sequence[Token], reading: Reading, place: int, *, last: bool) -> Node:
    """The expression that one side of a relation is.

    Args:
        place: which member of its chain it is; ambiguous spellings are told apart by it.
        last: nothing follows in the chain, so that words and remarks may.

    Raises:
        Unreadable: it is not one.
    """
    parser = _Parser(tokens, reading, place, last)
    node = parser.expression(0, 0)
    if parser.at < len(tokens) and not last:
        raise Unreadable
    return node


class _Parser:
    def __init__(self, tokens: Sequence[Token], reading: Reading, place: int, last: bool) -> None:
        self.tokens, self.reading, self.place, self.last = tokens, reading, place, last
        self.at = 0
        self.labelled = False
        """Whether words have led up to the operand that is being read."""

    def peek(self, ahead: int = 0) -> Token | None:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else None

    def next_is(self, *texts: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token is not None and token.kind != "word" and token.text in texts

    def expression(self, binding: int, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise Unreadable
        left = self.primary(depth)
        while (operator := self.infix()) is not None and _BINDING[operator[0]] > binding:
            symbol, width = operator
            self.at += width
            right = self.expression(_BINDING[symbol], depth + 1)
            if symbol == "×" and self.reading.calendar:
                left = _per_period(left, right)
            elif (
                symbol in "+-"
                and _percentage(right)
                and not _percentage(left)
                and self.reading.pick(f"%{self.place}.{self.at}", (False, True))
            ):
                # "140 GB + 20 %" means a fifth more.
                symbol, right = "×", Operation(symbol, (Quantity(1.0, 1.0), right))
            left = Operation(symbol, (left, right))
        return left

    def infix(self) -> tuple[str, int] | None:
        """The operator that comes next and how many tokens it is; None where the expression ends."""
        token = self.peek()
        if token is None or token.kind == "close":
            return None
        if token.kind == "open":
            return self._juxtaposed()
        after = self.peek(1)
        begins = after is not None and (
            after.kind in ("number", "open") or after.text in "√$€£-~±+" or self._function(1)
        )
        if token.kind == "word":
            return self._word_operator(token.text.lower()) if begins else None
        symbol = "-" if token.text == "–" else token.text
        if symbol not in _BINDING:
            return None
        if token.text == "–" and self.last:
            self.reading.loose = True  # "= 10 ms – 5 ms" may be a range
        if begins or (after is not None and not self.last):
            return symbol, 1
        # After a result comes a remark ("= 3 × faster", "= 48 − too few") or a symbol, without which nothing is said.
        if after is None or symbol == "-" or after.text.lower() in _REMARKS or (after.spaced and not token.spaced):
            return None
        return symbol, 1

    def _word_operator(self, word: str) -> tuple[str, int] | None:
        """``90 % of 80 GB``, ``2/3 of 9``, ``5 times 3``, ``16 bit per 64 weights``."""
        before = [t.text for t in self.tokens[max(0, self.at - 2) : self.at]]
        if word == "of":
            return ("×", 1) if "%" in before[-1:] or "/" in before[:1] else None
        if word == "per":
            self.reading.loose = True
            return "/", 1
        symbol = _WORD_OPERATORS.get(word)
        return None if symbol is None else (symbol, 1)

    def _juxtaposed(self) -> tuple[str, int] | None:
        """``2(3 + 4)`` multiplies; ``48 (rounded down)`` explains."""
        first = self.peek(1)
        explains = first is None or (first.kind == "word" and not self._function(1))
        if explains or not self.reading.pick(f"({self.place}.{self.at}", (False, True) if self.last else (True, False)):
            self._pass_over()
            return self.infix() if self.peek() is not None else None
        return "×", 0

    def _pass_over(self) -> None:
        depth = 0
        while (token := self.peek()) is not None:
            depth += (token.kind == "open") - (token.kind == "close")
            self.at += 1
            if depth == 0:
                return
        raise Unreadable

    def primary(self, depth: int) -> Node:
        """An operand with its powers and its unit."""
        node = self.atom(depth)
        while self.next_is("^") or ((token := self.peek()) is not None and token.kind == "superscript"):
            node = Operation("^", (node, self.exponent(depth)))
        node = self.with_unit(node)
        if self.labelled:
            # "HBM 3.35 TB/s" names a quantity, "Step 3" does not.
            self.reading.loose |= not isinstance(node, Quantity) or node.bare
            self.labelled = False
        return node

    def exponent(self, depth: int) -> Node:
        token = self.peek()
        assert token is not None
        self.at += 1
        if token.kind == "superscript":
            return Quantity(token.value, token.value)
        negative = self.next_is("-", "–")
        self.at += negative
        base = self.peek()
        if base is None or depth > MAX_DEPTH:
            raise Unreadable
        if base.kind == "number":
            self.at += 1
            node: Node = Quantity(base.value, base.value)
        elif base.kind == "open":
            node = self.atom(depth + 1)
        else:
            raise Unreadable
        if self.next_is("^"):
            node = Operation("^", (node, self.exponent(depth + 1)))
        return Operation("negative", (node,)) if negative else node

    def atom(self, depth: int) -> Node:
        token = self.peek()
        if token is None or depth > MAX_DEPTH:
            raise Unreadable
        if token.kind == "number":
            return self.number()
        if token.kind == "open":
            return self.bracketed(depth)
        if token.kind == "word":
            return self.worded(depth)
        self.at += 1
        if token.text in ("-", "–"):
            return Operation("negative", (self.expression(25, depth + 1),))
        if token.text in ("+", "~", "±"):
            self.reading.about |= token.text == "~"
            self.reading.loose |= token.text == "±"
            return self.primary(depth + 1)
        if token.text == "√":
            return Operation("sqrt", (self.atom(depth + 1),))
        if token.text in CURRENCIES and (number := self.peek()) is not None and number.kind == "number":
            return self.number(currency=token.text)
        raise Unreadable

    def bracketed(self, depth: int) -> Node:
        opening = self.tokens[self.at].text
        self.at += 1
        was_last, self.last = self.last, False
        node = self.expression(0, depth + 1)
        self.last = was_last
        token = self.peek()
        if token is None or token.kind != "close":
            raise Unreadable
        self.at += 1
        return Operation(_BRACKETS[opening], (node,)) if opening in _BRACKETS else node

    def worded(self, depth: int) -> Node:
        """A function, a constant, a unit as divisor; or words that lead up to a number."""
        token = self.tokens[self.at]
        if self._function(0):
            return self.call(depth)
        before = self.tokens[self.at - 1] if self.at else None
        if before is not None and before.text == "/" and units.readings(token.text, True):
            return Quantity(1.0, 1.0)  # its unit follows
        if token.text in ("π", "pi"):
            self.at += 1
            return Quantity(math.pi, math.pi)
        if token.text == "e" and self.next_is("^", ahead=1):
            self.at += 1
            return Quantity(math.e, math.e)
        while token.kind == "word":
            lower = token.text.lower()
            self.reading.about |= lower in _ABOUT
            self.reading.loose |= lower in PROSE - _FILLERS or any(c.isdigit() for c in lower)
            self.labelled |= lower not in _ABOUT and lower not in _FILLERS
            self.at += 1
            following = self.peek()
            if following is None:
                raise Unreadable
            token = following
        if token.kind not in ("number", "open") and token.text not in "√~$€£":
            raise Unreadable
        return self.atom(depth + 1)

    def _function(self, ahead: int) -> str | None:
        """The name of the function that stands there with its argument."""
        token, after = self.peek(ahead), self.peek(ahead + 1)
        if token is None or after is None or token.kind != "word":
            return None
        name = _SYMBOLS_OF_FUNCTIONS.get(token.text, token.text.lower())
        if name not in FUNCTIONS or not (
            after.kind == "open" or (after.kind == "number" and name not in ("max", "min", "round"))
        ):
            return None
        return name

    def call(self, depth: int) -> Node:
        name = self._function(0)
        assert name is not None
        self.at += 1
        if not self.next_is("("):
            return _called(name, [self.number()], self.reading, self.place)
        self.at += 1
        was_last, self.last = self.last, False
        arguments = [self.expression(0, depth + 1)]
        while self.next_is(","):
            self.at += 1
            arguments.append(self.expression(0, depth + 1))
        self.last = was_last
        if not self.next_is(")"):
            raise Unreadable
        self.at += 1
        return _called(name, arguments, self.reading, self.place)

    def number(self, currency: str = "") -> Node:
        """A literal with its powers of ten, its range and its unit."""
        token = self.tokens[self.at]
        if token.kind != "number":
            raise Unreadable
        place = f"{self.place}.{self.at}"
        self.at += 1
        low = high = token.value
        half = 0.5 * 10.0**-token.decimals
        if (end := self._range(place)) is not None:
            low, high = sorted((low, end.value))
            half = max(half, 0.5 * 10.0**-end.decimals)
        if (
            self.next_is("×")
            and (power := self._power_of_ten(1)) is not None
            and self.reading.pick("10^", (True, False))
        ):
            exponent, width = power
            self.at += width + 1
            low, high, half = low * 10.0**exponent, high * 10.0**exponent, half * 10.0**exponent
        elif (power := self._power_of_ten(-1)) is not None:
            self.at += power[1] - 1
            low = high = 10.0 ** power[0]
            half = 0.0
        if low == 8.0 == high and ((after := self.peek()) is None or after.kind != "word"):
            low = high = self.reading.eight
        literal = Quantity(low, high, half)
        if currency:
            dollar = units.unit(units.readings(currency, True)[0])
            literal = replace(
                literal, factor=dollar.factor, dimension=dollar.dimension, bare=False, suffix=f" {currency}"
            )
        return literal

    def _range(self, place: str) -> Token | None:
        """The upper end of ``2–4``, ``2 to 4`` or, if so read, ``2-4``."""
        dash, end = self.peek(), self.peek(1)
        if dash is None or end is None or end.kind != "number":
            return None
        tight = not dash.spaced and not end.spaced
        if (dash.text == "–" and tight) or (dash.kind == "word" and dash.text == "to"):
            self.reading.loose |= dash.text == "to"
        elif not (dash.text == "-" and tight and self.reading.pick(f"-{place}", (False, True))):
            return None
        self.at += 2
        return end

    def _power_of_ten(self, ahead: int) -> tuple[int, int] | None:
        """The exponent, and how many tokens ``10^9``, ``10^(-9)`` or ``10⁹`` takes, where one stands there."""
        ten = self.peek(ahead)
        if ten is None or ten.text != "10":
            return None
        mark = self.peek(ahead + 1)
        if mark is not None and mark.kind == "superscript":
            return (int(mark.value), 2) if abs(mark.value) <= 300 else None
        if mark is None or mark.text != "^":
            return None
        at, bracket = ahead + 2, self.next_is("(", ahead=ahead + 2)
        at += bracket
        negative = self.next_is("-", "–", ahead=at)
        at += negative
        number = self.peek(at)
        if number is None or number.kind != "number" or number.decimals > 0 or number.value > 300:
            return None
        if bracket and not self.next_is(")", ahead=at + 1):
            return None
        return int(-number.value if negative else number.value), at + 1 + bracket - ahead

    def with_unit(self, node: Node) -> Node:
        suffix = Suffix(self.tokens, self.at, self.reading, str(self.place), last=self.last)
        self.at = suffix.read()
        if suffix.empty:
            return node
        if isinstance(node, Quantity):
            return suffix.behind(node)
        return Operation("×", (node, suffix.behind(Quantity(1.0, 1.0))))


def _percentage(node: Node) -> bool:
    return isinstance(node, Quantity) and node.bare and node.suffix.strip().startswith("%")


def _per_period(left: Node, right: Node) -> Node:
    """``24 hours × 30 days`` means 24 hours a day."""
    if isinstance(left, Operation) and left.operator == "×":
        return Operation("×", (left.operands[0], _per_period(left.operands[1], right)))
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        time = units.unit("second").dimension
        if left.dimension == right.dimension == time and left.factor < right.factor:
            return replace(left, factor=left.factor / right.factor, dimension=units.NO_DIMENSION)
    return left


def _called(name: str, arguments: list[Node], reading: Reading, place: int) -> Node:
    if name in ("max", "min"):
        return Operation(name, tuple(arguments))
    if len(arguments) != 1:
        raise Unreadable
    if name == "log":
        base = reading.pick(f"log{place}", (math.e, 10.0, 2.0))
        return Operation("log", (arguments[0], Quantity(base, base)))
    return Operation(name, (arguments[0],))
