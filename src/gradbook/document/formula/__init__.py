r"""The precedence parser: tokens of one side of a relation to a tree.

Grammar, loosest first::

    expression := ['-'] term (('+' | '-') term)*
    term       := product ('\odot' product)*
    product    := factor (('\cdot' | '\times' | '*' | '/' | nothing) factor)*
    factor     := atom postfix*            postfix := '^' group | '_' group | "'" | '!' | value at a point
    atom       := number | name | function argument | bracket | bar | \frac | \sqrt | \sum | cases | …

What only the document knows (is ``f(x)`` an application, is ``x_i`` a component, what are the
names of several letters) is asked of :class:`Names`. Where common usage allows two readings the
parser takes the one of its :class:`Reading` and notes that it had a choice. What is not understood
is a :class:`~gradbook.document.tokens.FormulaError`: nothing is left out of a tree without a word.
"""

from gradbook.document.formula.lists import (
    canonical_text,
    is_name,
    split_at,
    split_cells,
    split_rows,
    strip_ends,
)
from gradbook.document.formula.names import (
    GREEK,
    USUAL_FUNCTIONS,
    USUAL_INDICES,
    Names,
    Reading,
    relation_of,
)
from gradbook.document.formula.parser import Parser, read_condition, read_expression

__all__ = [
    "GREEK",
    "USUAL_FUNCTIONS",
    "USUAL_INDICES",
    "Names",
    "Parser",
    "Reading",
    "canonical_text",
    "is_name",
    "read_condition",
    "read_expression",
    "relation_of",
    "split_at",
    "split_cells",
    "split_rows",
    "strip_ends",
]
