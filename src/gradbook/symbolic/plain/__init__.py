r"""Mathematics as it is typed in one line, and back: ``log(1+exp(-y*f))``, ``f(x) = x^2 exp(-x)``.

Grammar, loosest first::

    value      := sum ['if' condition ['else' value]]
    sum        := ['-'] product (('+' | '-') product)*
    product    := power (('*' | '/' | nothing) power)*
    power      := atom postfix*              postfix := '^' power | '²' | '!'
    atom       := number | name | name '(' values ')' | '(' value ')' | '|' value '|' | '||' value '||'
                | 'sum' '(' value ',' index [',' value ',' value] ')' | 'sum' '(' value 'for' index … ')'
    condition  := conjunction ('or' conjunction)*
    relation   := sum (('<' | '<=' | '=' | '!=' | …) sum)+

Trees are canonical, as ``gradbook.symbolic.printing`` describes, and names are spelt as documents spell
them. A name between backquotes is spelt in LaTeX and taken as it is.

>>> from gradbook.symbolic.printing import to_latex
>>> print(to_latex(read("sum(y_i*log(p_i), i)")))
\sum_{i} y_{i} \ln(p_{i})
>>> write(read("x if x > 0 else a x"))
'x if x > 0 else a*x'
"""

from gradbook.symbolic.plain.reader import Statement, read, read_condition, read_statement
from gradbook.symbolic.plain.tokens import PlainError
from gradbook.symbolic.plain.writer import write

__all__ = ["PlainError", "Statement", "read", "read_condition", "read_statement", "write"]
