r"""Numbers as people write them: ``0.50``, ``1{,}000``, ``5e-5``, ``12\%``."""

from __future__ import annotations

from gradbook.document.formula.cursor import Cursor
from gradbook.document.tokens import FormulaError, Kind, Token
from gradbook.symbolic.expr import Expr, Number, number

#: Most digits that a number is read with, and the greatest power of ten.
MAX_DIGITS = 4000
MAX_TENS = 400


class Numbers(Cursor):
    """Digits, the decimal point, and what may follow them."""

    def starts_number(self, token: Token) -> bool:
        """Whether a sign at this place is a digit or the point before one."""
        return token.is_digit or (token.text == "." and self.digit(1))

    def number(self) -> Expr:
        """The number that stands here."""
        start = self.at
        text = self._decimal() + self._exponent_mark()
        if len(text) > MAX_DIGITS:
            raise FormulaError(f"a number of more than {MAX_DIGITS} digits", self.tokens[start].start)
        if self.stands(".") and self.digit(1):
            raise self.fail("a number with two decimal points")
        value = number(text.removesuffix("."))
        if (token := self.peek()) is not None and token.is_macro("%"):
            self.at += 1
            places = None if value.decimals is None else value.decimals + 2
            return Number(value.value / 100, places if places is not None else 2)
        return value

    def _decimal(self) -> str:
        text: list[str] = []
        pointed = False
        while (token := self.peek()) is not None and token.kind is Kind.CHAR:
            if token.text == "." and not pointed:
                # A point in a number; at the end of everything it is the full stop of a sentence.
                if not self.digit(1) and (not text or self.peek(1) is None):
                    break
                pointed = True
            elif not token.is_digit:
                break
            text.append(token.text)
            self.at += 1
            if self._thousands():
                self.at += 3
        return "".join(text)

    def _thousands(self) -> bool:
        """Whether ``{,}`` and a digit follow, as in ``1{,}000``."""
        token = self.peek()
        if token is None or token.kind is not Kind.OPEN or not self.stands(",", 1) or not self.digit(3):
            return False
        close = self.peek(2)
        return close is not None and close.kind is Kind.CLOSE

    def _exponent_mark(self) -> str:
        r"""``e-5`` of a number like ``5e-5`` or ``5\mathrm{e}{-5}`` (no space, digits after it)."""
        mark = self.peek()
        if mark is None or mark.kind is not Kind.CHAR or mark.text not in ("e", "E"):
            return ""
        if mark.start != self.tokens[self.at - 1].end:
            return ""
        after = self.peek(1)
        if after is not None and after.kind is Kind.OPEN:
            return self._braced_exponent()
        sign = ""
        k = 1
        if after is not None and after.text in ("+", "-") and after.start == mark.end:
            sign, k = after.text, 2
        first = self.peek(k)
        if first is None or not self.digit(k) or (not sign and first.start != mark.end):
            return ""
        digits = ""
        while len(digits) < 5 and (digit := self.peek(k)) is not None and self.digit(k):
            digits += digit.text
            k += 1
        if sign == "+" and len(digits) < 2:
            return ""  # 2e+1 is twice e, plus one
        if int(digits) > MAX_TENS:
            raise self.fail(f"a power of ten beyond {MAX_TENS}")
        self.at += k
        return f"e{sign}{digits}"

    def _braced_exponent(self) -> str:
        inner = [t.text for t in self.tokens[self.at + 2 : self.at + 6]]
        if "}" not in inner:
            return ""
        count = inner.index("}")
        text = "".join(inner[:count])
        if not text.removeprefix("-").removeprefix("+").isdecimal():
            return ""
        if abs(int(text)) > MAX_TENS:
            raise self.fail(f"a power of ten beyond {MAX_TENS}")
        self.at += count + 3
        return "e" + text
