"""Names: a symbol, a component, an application, or the first factor of a product."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gradbook.document.formula.calculus import Calculus
from gradbook.document.formula.lists import canonical_text, nesting, split_at
from gradbook.document.formula.names import GREEK, NAMED_FUNCTIONS, ROMAN_NAMES, USUAL_FUNCTIONS
from gradbook.document.formula.scripts import is_prime, power
from gradbook.document.formula.subscripts import Subscripts
from gradbook.document.tokens import FormulaError, Kind, Token
from gradbook.symbolic.expr import FUNCTIONS, Apply, E, Expr, Func, Indexed, Number, Symbol

#: What may make more of a name than a symbol: scripts, primes and brackets.
_AFTER_NAMES = frozenset({"_", "^", "'", "prime", "(", "[", r"\{"})
#: Longest name of several letters that is looked for in letters typed beside each other.
_LONGEST_WORD = 24
#: How many tokens of a bracket are looked at to tell an application from a product.
_LOOK_FOR_LIST, _LOOK_FOR_ITSELF, _LOOK_FOR_NAMES = 80, 60, 40
#: Most digits of the order of a derivative written as ``f^{(n)}``.
_ORDER_DIGITS = 3


class Naming(Subscripts, Calculus):
    """Whether ``f(x)`` is an application or a product is decided here, with what the document says."""

    # --- words ----------------------------------------------------------------------------------

    def words(self, token: Token) -> Expr:
        """A name that is set as text or in a roman face."""
        self.at += 1
        text = " ".join(token.text.split()).strip(":")
        known = NAMED_FUNCTIONS.get(text.lower())
        own = f"\\text{{{text}}}" in self.names.functions or self.names.is_said(text)
        after = self.peek()
        argued = after is not None and (self.starts_atom() or after.text in ("^", "_", "'"))
        if known is not None and not own and argued:
            return self.function(known, token)
        if text.lower() in ("if", "otherwise"):
            raise FormulaError(f"the word “{text}” inside a formula", token.start)
        return self.name(f"\\text{{{text}}}")

    def word(self) -> str | None:
        """A run of letters that the document uses as one name, or that names a function; it is taken."""
        run = ""
        k = 0
        best: tuple[int, str] | None = None
        while k < _LONGEST_WORD and (token := self.peek(k)) is not None and token.is_letter:
            run += token.text
            k += 1
            if k > 1 and (run in self.names.words or (k > 2 and run.lower() in ROMAN_NAMES)):
                best = (k, run)
        if best is None:
            return None
        k, run = best
        if run not in self.names.words and not self.called(k):
            return None
        self.at += k
        return run

    # --- names with their scripts ---------------------------------------------------------------

    def name(self, base: str) -> Expr:
        """A name with its scripts: a symbol, a component, an application, or a product."""
        if base == "D" and not self.names.is_said("D") and self.stands("_"):
            operator = self.total()
            if operator is not None:
                return operator
        if base == "e" and "e" not in self.names.variables and not self.stands("_"):
            return E
        after = self.peek()
        if (after is None or after.text not in _AFTER_NAMES) and not base.endswith("}"):
            return Symbol(base)
        label, tag, primes, transposed = "", "", 0, False
        indices: list[Expr] = []
        raised: list[Expr] = []
        while not transposed and (token := self.peek()) is not None:
            if token.is_char("_") and not label and not indices:
                self.at += 1
                label, indices = self.subscript(base + tag)
            elif token.is_char("^") and (count := self._raised_primes()):
                primes += count
            elif token.is_char("^") and not tag and (found := self.tag(base)) is not None:
                tag, raised, transposed = found.text, found.indices, found.transposed
            elif is_prime(token):
                self.at += 1
                primes += 1
            else:
                break
        name = base + tag + (f"_{{{label}}}" if label else "")
        all_indices = (*raised, *indices)
        numbered = _numbered(base + tag, all_indices)
        if numbered and (numbered in self.names.functions or (not transposed and self._applies(numbered))):
            name, all_indices = numbered, ()
        if transposed:
            return Func("transpose", (_plain(name, all_indices, primes),))
        self._refuse_operator(base, name)
        return self._with_argument(name, all_indices, primes)

    def _raised_primes(self) -> int:
        """How many primes a superscript consists of, if of nothing else; they are taken."""
        mark = self.at
        self.at += 1
        script = self.script() if self.peek() is not None else []
        if script and all(is_prime(t) for t in script):
            return len(script)
        self.at = mark
        return 0

    def _with_argument(self, name: str, indices: tuple[Expr, ...], primes: int) -> Expr:
        """The name applied to the bracket that follows, if it is a function; else the name."""
        compared = None if indices or primes else self._compared(name)
        if compared is not None:
            return Symbol(compared)
        orders = (primes,) if primes else ()
        exponent: list[Token] | None = None
        mark = self.at
        if self.stands("^") and name in self.names.functions:
            # f^2(x) is a power of a function, f^{(2)}(x) a derivative, h^{(1,0)}(x, y) a partial one
            self.at += 1
            script = self.script()
            if not self._applies(name):
                self.at = mark
            elif (found := _orders(script)) is None:
                exponent = script
            elif len(found) == 1:
                orders = (primes + found[0],)
            elif primes:
                raise self.fail("a derivative is written both with primes and with its orders")
            else:
                orders = found
        if self._applies(name + "_{}" if indices else name):
            result = self._application(name, indices, orders)
            return result if exponent is None else power(result, self.nested(exponent))
        return _plain(name, indices, primes)

    def _compared(self, name: str) -> str | None:
        r"""The name of ``D(p \| q)`` or ``P(y = 1 | x)``, whose brackets hold no arguments that could be put in.

        None, and nothing is taken, for anything else. The first of the divergences that are written with one
        letter is also what the letter alone means.
        """
        if not (self.stands("(") or self.stands("[")):
            return None
        mark = self.at
        try:
            inside = self.bracket(self.tokens[mark].text)
        except FormulaError:
            self.at = mark
            return None
        parts = _outermost(inside)
        bars = sum(t.is_macro("Vert", "parallel") for t in parts)
        bars += any(a.is_char("|") and b.is_char("|") for a, b in pairwise(parts))
        valued = any(t.is_char("=") for t in parts) and any(t.is_char("|") for t in parts)
        if bars != 1 and not (valued and parts[0].is_letter):
            self.at = mark
            return None
        whole = f"{name}({canonical_text(inside)})"
        if bars != 1:
            return whole
        first = next((c for c in self.names.compared if c.startswith(f"{name}(")), whole)
        self.names.compared.add(first)
        return name if whole == first else whole

    def _refuse_operator(self, base: str, name: str) -> None:
        """Raise FormulaError for what is not read and must not be taken for a product.

        That is an expectation, a probability, an order term, or what may be an inverse function.
        """
        token = self.peek()
        names = self.names
        if token is not None and base.startswith(r"\text{") and not names.is_said(base):
            letter = token.is_letter or token.kind is Kind.SYMBOL or token.text in GREEK
            if letter and base[6:-1].lower() not in NAMED_FUNCTIONS:
                raise self.fail(f"whether “{base[6:-1]}” is a function of what follows is not clear")
        if token is None or token.kind not in (Kind.CHAR, Kind.LEFT_BAR):
            return
        opened = token.text in ("(", "[", r"\{")
        if base.startswith(r"\mathbb{") and base[8:-1] in "EPVI" and (opened or self.at):
            raise self.fail(f"the operator “{base}” is not known here")
        if opened and base in ("O", r"\mathcal{O}") and not names.is_said(base):
            raise self.fail("an order term like O(h²) is not known here")
        if opened and base.startswith(r"\text{") and not names.is_said(base):
            plain = base[6:-1]
            known = plain.lower() in NAMED_FUNCTIONS or names.is_function(name, self._plain_argument())
            if not known and plain.isalnum():
                raise self.fail(f"the function “{plain}” is not known here")
        if not token.is_char("^") or not (name in names.functions or name in USUAL_FUNCTIONS):
            return
        if [t.text for t in self.tokens[self.at + 1 : self.at + 6]] == ["{", "-", "1", "}", "("]:
            raise self.fail("whether this is an inverse function or a reciprocal is not clear")

    # --- applications ---------------------------------------------------------------------------

    def _applies(self, name: str) -> bool:
        """Whether the bracket that follows a name holds its arguments, and is not a factor."""
        token = self.peek()
        if token is None or token.kind is not Kind.CHAR or token.text not in ("(", "[", r"\{"):
            return False
        names = self.names
        spread = name in names.variables and not names.sigmoid
        if name == r"\sigma" and not spread and not self._holds_itself(name):
            return True
        if name == r"\sigma" and spread and token.text == "(" and name not in names.functions:
            # a standard deviation times a bracket, or the sigmoid
            self.ambiguous = True
            return self.reading.sigma_applies
        plain = _without_face(name)
        if len(plain) > 2 and plain.lower() in ROMAN_NAMES and plain not in names.variables:
            return True
        if token.text != "(":
            known = name in names.functions and name not in names.variables
            return known and token.text == "[" and not name.endswith("_{}")
        if self._list_argument():
            return True
        plain_argument = self._plain_argument()
        if not plain_argument and (name.endswith("_{}") or self._holds_itself(name)):
            # y_i (1 - y_i) is a product, whatever y_i(x_i) is elsewhere
            return False
        return names.is_function(name, plain_argument)

    def _list_argument(self) -> bool:
        """Whether the bracket ahead holds a list: then it cannot be a factor."""
        depth = 0
        for k in range(self.at, min(self.at + _LOOK_FOR_LIST, len(self.tokens))):
            token = self.tokens[k]
            if token.kind is Kind.OPEN:
                depth += 1
            elif token.kind is Kind.CLOSE:
                depth -= 1
            elif token.kind is Kind.CHAR:
                if token.text == "," and depth == 1:
                    return True
                depth += token.text in ("(", "[")
                depth -= token.text in (")", "]")
            if depth == 0:
                return False
        return False

    def _holds_itself(self, name: str) -> bool:
        """Whether the bracket ahead mentions the name without a bracket of its own."""
        stem = name.partition("_{")[0].removeprefix("\\")
        depth = 0
        for k in range(self.at, min(self.at + _LOOK_FOR_ITSELF, len(self.tokens))):
            token = self.tokens[k]
            depth += token.is_char("(")
            depth -= token.is_char(")")
            if depth == 0:
                return False
            if token.text == stem and not self._is_applied_at(k):
                return True
        return False

    def _is_applied_at(self, k: int) -> bool:
        """Whether the name at place k has a bracket, a prime or a subscript, or an order and a bracket."""
        after = self.tokens[k + 1 : k + 10]
        if not after:
            return False
        if after[0].text in ("(", "'", "_"):
            return True
        # g^{(4)}(
        if len(after) < 4 or not after[0].is_char("^") or after[1].kind is not Kind.OPEN:
            return False
        end = next((j for j, t in enumerate(after) if t.kind is Kind.CLOSE), len(after))
        return _orders(after[2:end]) is not None and end + 1 < len(after) and after[end + 1].is_char("(")

    def _plain_argument(self) -> bool:
        """Whether the bracket ahead holds only names and commas."""
        depth = 0
        for k in range(self.at, min(self.at + _LOOK_FOR_NAMES, len(self.tokens))):
            token = self.tokens[k]
            if token.kind is not Kind.CHAR:
                continue
            if token.text == "(":
                depth += 1
            elif token.text == ")":
                depth -= 1
                if depth == 0:
                    return True
            elif depth == 1 and (token.text in "+-*/=" or token.text.isdigit()):
                previous = self.tokens[k - 1]
                if not (previous.is_char("_") or (token.text.isdigit() and previous.is_char("("))):
                    return False
        return False

    def _application(self, name: str, indices: Sequence[Expr], orders: tuple[int, ...]) -> Expr:
        opened = self.take()
        self.at -= 1
        inside = self.bracket(opened.text)
        # p(y | x): the bar of a conditional separates like a comma
        separators = (",", ";", "|") if sum(t.is_char("|") for t in inside) == 1 else (",", ";")
        args = tuple(self.nested(part) for part in split_at(inside, *separators))
        if len(orders) > 1 and len(orders) != len(args):
            raise FormulaError(f"{len(orders)} orders of derivatives for {len(args)} arguments", opened.start)
        if name not in self.names.functions and not indices:
            known = _known_function(name)
            if known is not None and orders:
                return Apply(known, args, orders)
            arity = FUNCTIONS.get(known or "")
            if known in FUNCTIONS and (arity is None or arity == len(args)):
                return Func(known, args)
        if orders:
            orders = (0,) * len(indices) + orders + (0,) * (len(args) - len(orders))
        return Apply(name + "_{}" if indices else name, (*indices, *args), orders)


def _outermost(tokens: Sequence[Token]) -> list[Token]:
    """The tokens outside brackets and groups."""
    found: list[Token] = []
    depth = 0
    for token in tokens:
        turn = nesting(token)
        depth += max(turn, 0)
        if depth == 0:
            found.append(token)
        depth += min(turn, 0)
    return found


def plain_call(tokens: Sequence[Token]) -> Apply | None:
    """``f(x)``, read without a parser where brackets after letters are applications; None for all else.

    >>> from gradbook.document.tokens import tokenise
    >>> plain_call(tokenise("f(x)")), plain_call(tokenise("f(2)"))
    (Apply(name='f', args=(Symbol(name='x'),), orders=()), None)
    """
    if len(tokens) != 4 or not tokens[1].is_char("(") or not tokens[3].is_char(")"):
        return None
    name, argument = tokens[0], tokens[2]
    if not name.is_letter or not argument.is_letter or _MEANING_MORE & {name.text, argument.text}:
        return None
    return Apply(name.text, (Symbol(argument.text),))


#: Letters that stand for a number, a derivative or an order before a bracket.
_MEANING_MORE = frozenset({"e", "d", "O"})


def _plain(name: str, indices: tuple[Expr, ...], primes: int) -> Expr:
    """A name with its indices and primes, applied to nothing."""
    if indices:
        return Indexed(name + "'" * primes, indices)
    return Apply(name, (), (primes,)) if primes else Symbol(name)


def _without_face(name: str) -> str:
    """``ReLU`` of ``\\text{ReLU}``."""
    return name[6:].removesuffix("}") if name.startswith("\\text{") else name


def _known_function(name: str) -> str | None:
    """The function of the core that a name means if the document says nothing else."""
    if name == r"\sigma":
        return "sigmoid"
    plain = _without_face(name)
    return NAMED_FUNCTIONS.get(plain.lower()) if len(plain) > 2 else None


def _numbered(base: str, indices: Sequence[Expr]) -> str | None:
    """``g_1`` as the name of a function rather than a component: the document may use it so."""
    if len(indices) == 1 and isinstance(indices[0], Number):
        return f"{base}_{{{indices[0].value}}}"
    return None


def _orders(script: Sequence[Token]) -> tuple[int, ...] | None:
    """The orders of derivatives that a superscript gives: (4,) for ``(4)``, (1, 0) for ``(1, 0)``.

    >>> from gradbook.document.tokens import tokenise
    >>> _orders(tokenise("(1,0)")), _orders(tokenise("(i)"))
    ((1, 0), None)
    """
    if len(script) < 3 or not script[0].is_char("(") or not script[-1].is_char(")"):
        return None
    spelled = ["".join(t.text for t in part) for part in split_at(script[1:-1], ",")]
    if not all(text.isdecimal() and len(text) <= _ORDER_DIGITS for text in spelled):
        return None
    return tuple(int(text) for text in spelled)
