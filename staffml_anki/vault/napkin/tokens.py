"""A clause → tokens. One regular expression without nesting, so that the time is that of reading the text once."""

import math
import re
from typing import Literal, NamedTuple

Kind = Literal["number", "word", "operator", "relation", "open", "close", "superscript"]


class Token(NamedTuple):
    """A piece of a clause. ``spaced``: a space stands before it; ``value`` and ``decimals`` are a number's."""

    kind: Kind
    text: str
    spaced: bool
    value: float = 0.0
    decimals: int = 0


class Untokenizable(Exception):
    """A character that no calculation has."""


_RELATIONS = {
    "=": "=", "==": "=", ":=": "=", "≡": "=", "≈": "≈", "≃": "≈", "≅": "≈", "~=": "≈", "=~": "≈", "≲": "<", "≳": ">",
    "<": "<", ">": ">", "≤": "≤", "≥": "≥", "<=": "≤", ">=": "≥", "≪": "<", "≫": ">", "<<": "<", ">>": ">", "≠": "≠",
    "!=": "≠",
}  # fmt: skip
_OPERATORS = {
    "×": "×", "*": "×", "·": "×", "⋅": "×", "∙": "×", "•": "×", "∗": "×", "⨯": "×", "✕": "×", "/": "/", "÷": "/",
    "⁄": "/", "∕": "/", "+": "+", "−": "-", "-": "-", "–": "–", "^": "^", "**": "^", "√": "√", "±": "±", "~": "~",
    "∼": "~", "%": "%", "$": "$", "€": "€", "£": "£", ",": ",",
}  # fmt: skip
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3, "⅛": 0.125}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_TOKEN = re.compile(
    r"""
    (?P<number> (?: [0-9]{1,3} (?: ,[0-9]{3} )+ (?![0-9]) | [0-9]+ )
                (?: \.[0-9]+ )? (?: [eE] [+−-]? [0-9]{1,4} (?![\w.]) )?
              | \.[0-9]+ )
  | (?P<times> (?<=[0-9\s)]) [xX] (?= \s* [0-9(.$√] ) )
  | (?P<word> (?: (?! [⁰¹²³⁴⁵⁶⁷⁸⁹½¼¾⅓⅔⅛Σ] ) [^\W\d_] ) (?: (?! [⁰¹²³⁴⁵⁶⁷⁸⁹½¼¾⅓⅔⅛] ) [\w'’] )* | ° C? | ℃ | ¢ )
  | (?P<relation> == | := | ~= | =~ | <= | >= | << | >> | != | [=≡≈≃≅≲≳<>≤≥≪≫≠] )
  | (?P<operator> \*\* | [×*·⋅∙•∗⨯✕/÷⁄∕+−\-–^√±~∼%$€£,] )
  | (?P<open> [(⌈⌊] )
  | (?P<close> [)⌉⌋] )
  | (?P<superscript> ⁻? [⁰¹²³⁴⁵⁶⁷⁸⁹]+ )
  | (?P<fraction> [½¼¾⅓⅔⅛] )
  | (?P<ignored> [`"“”…†‡✓✔✗✘☑✅❌⚠️'’] )
    """,
    re.VERBOSE,
)
_MAX_EXPONENT = 300
_SPACE = re.compile(r"\s*")


def tokenize(text: str) -> list[Token]:
    """The tokens of a clause.

    Raises:
        Untokenizable: where the text holds what is in no calculation, such as ``[`` or ``{``.
    """
    tokens: list[Token] = []
    at = 0
    while True:
        space = _SPACE.match(text, at)
        assert space is not None
        spaced, at = space.end() > at or not tokens, space.end()
        if at == len(text):
            return tokens
        match = _TOKEN.match(text, at)
        if match is None:
            raise Untokenizable(text[at])
        at = match.end()
        if (token := _token(match, spaced)) is not None:
            tokens.append(token)


def _token(match: re.Match[str], spaced: bool) -> Token | None:
    kind, text = match.lastgroup, match[0]
    match kind:
        case "number":
            return _number(text, spaced)
        case "fraction":
            return Token("number", text, spaced, _FRACTIONS[text], 2)
        case "superscript":
            return Token("superscript", text, spaced, float(text.translate(_SUPERSCRIPTS)))
        case "relation":
            return Token("relation", _RELATIONS[text], spaced)
        case "operator":
            return Token("operator", _OPERATORS[text], spaced)
        case "times":
            return Token("operator", "×", spaced)
        case "word" | "open" | "close":
            return Token(kind, text, spaced)
        case _:
            return None


def _number(text: str, spaced: bool) -> Token:
    plain = text.replace(",", "").replace("−", "-")
    mantissa, _, exponent = plain.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - (int(exponent) if exponent else 0)
    value = float(plain)
    if not math.isfinite(value) or abs(decimals) > _MAX_EXPONENT:
        raise Untokenizable(text)
    return Token("number", text, spaced, value, decimals)
