r"""Trees back to mathematics: LaTeX for pages, one line of text for terminals.

>>> from gradbook.symbolic.expr import HALF, TWO, Add, Mul, Neg, Pow, Symbol
>>> x, y = Symbol("x"), Symbol("y")
>>> tree = Mul((TWO, Add((x, Neg(Pow(y, HALF))))))
>>> print(to_latex(tree))
2 \left(x - \sqrt{y}\right)
>>> print(to_text(tree))
2·(x - √y)

**Written form.** LaTeX has as few brackets as a precedence parser needs to give the same tree back.
That holds for the trees that a parser produces, which are called canonical. A tree is canonical if

- its numbers are not negative (``-2`` is ``Neg`` of ``2``), and are whole or decimal; a fraction is a
  ``Div``. One exception: a rational exponent, where it is the whole exponent, is a ``Number`` and not
  a ``Div`` of whole numbers: ``x^{\frac{2}{3}}``, ``\sqrt{x}``, ``\sqrt[3]{x}``;
- ``Add`` and ``Mul`` have two or more parts. Parts of the same kind are allowed and keep brackets:
  ``a + (b + c)``, ``a \cdot (b c)`` (with a dot: ``a`` is not applied);
- ``-a b`` is ``Neg(Mul)``, ``-x^{2}`` is ``Neg(Pow)``; a negative factor keeps brackets;
- a power of e is ``Func("exp", …)``, not ``Pow(E, …)``;
- a big operator takes the product after it and ends at ``+`` or ``-``: ``\sum_{i} x_{i} y + b`` is
  ``Add((Sum(Mul((x_i, y))), b))``. As a factor it keeps brackets unless it is the last one;
- ``Func("hadamard", …)`` binds like a product and to the left; beside another product it keeps brackets;
- ``Apply.orders`` is empty when nothing is differentiated;
- ``All`` and ``AnyOf`` have two or more parts; ``a < b < c`` is ``All((a < b, b < c))``;
- its names are not something else too: no symbol is called ``e``, ``\pi``, ``d`` or ``\partial``, no
  exponent is ``T`` or ``\top``, no component has the base ``\delta``, no product of symbols reads as the
  name of one, and no name is a symbol in one place and a function in another;
- an index is a symbol, a number, or a sum or difference of those.

Any other tree is printed too, as mathematics of the same value. Printing recurses: whoever builds
trees from untrusted text bounds their depth first.
"""

from gradbook.symbolic.printing.latex import to_latex
from gradbook.symbolic.printing.text import to_text

__all__ = ["to_latex", "to_text"]
