r"""Which commands and environments of LaTeX mean what to a reader of prose."""

from __future__ import annotations

HEADINGS = {
    "title": 1,
    "part": 1,
    "chapter": 2,
    "section": 3,
    "frametitle": 3,
    "subsection": 4,
    "subsubsection": 5,
    "paragraph": 6,
    "subparagraph": 7,
}
"""Commands that are headings, and how deep they stand."""

THEOREMS = {
    **dict.fromkeys(
        "theorem lemma proposition corollary definition example exercise problem question claim remark "
        "assumption axiom conjecture fact note property thm lem prop cor defn ex".split(),
        8,
    ),
    **dict.fromkeys("proof solution case answer".split(), 9),
}
"""Environments that open a heading. A proof stands below the theorem before it, whose symbols it uses."""

TITLED = {"frame": 3, "block": 8, "exampleblock": 8, "alertblock": 8}
"""Environments whose argument is a heading."""

TABLES = {"tabular": 1, "tabular*": 2, "tabularx": 2, "tabulary": 2, "longtable": 1, "tabu": 1, "tblr": 1}
"""Environments that are tables, and how many arguments come before their first cell."""

IGNORED_ENVIRONMENTS = frozenset(
    "verbatim verbatim* Verbatim lstlisting minted comment alltt tikzpicture pgfpicture tikzcd picture "
    "thebibliography filecontents filecontents* pycode python".split()
)
"""Environments whose contents are no prose and no mathematics."""

ENVIRONMENT_ARGUMENTS = {
    "minipage": 1,
    "multicols": 1,
    "wrapfigure": 2,
    "subfigure": 1,
    "column": 1,
    "adjustbox": 1,
    "spacing": 1,
    "list": 2,
}
"""Other environments that have arguments, and how many."""

DROPPED = {
    **dict.fromkeys(
        "label ref eqref pageref autoref cref Cref nameref vref cite citep citet citealp citealt citeauthor "
        "citeyear parencite textcite nocite input include subfile includegraphics bibliography "
        "bibliographystyle addbibresource vspace hspace vskip usepackage documentclass pagestyle "
        "thispagestyle pagenumbering index url graphicspath theoremstyle hypersetup color cline cmidrule "
        "author date thanks institute affiliation email sout st xout cancel phantom hphantom vphantom todo "
        "usetikzlibrary lstset includepdf".split(),
        1,
    ),
    **dict.fromkeys(
        "setlength addtolength setcounter addtocounter newtheorem rule numberwithin".split(),
        2,
    ),
    "definecolor": 3,
    "addcontentsline": 3,
}
"""Commands that are dropped together with so many arguments: references, layout, and what is struck out."""

SKIPPED = {
    "textcolor": 1,
    "colorbox": 1,
    "href": 1,
    "multicolumn": 2,
    "multirow": 2,
    "resizebox": 2,
    "scalebox": 1,
    "parbox": 1,
    "raisebox": 1,
    "foreignlanguage": 1,
    "fontsize": 2,
}
"""Commands of which the first so many arguments are dropped and the last one is kept."""

STANDS_FOR = {
    "ldots": "…",
    "dots": "…",
    "textellipsis": "…",
    "textemdash": "—",
    "textendash": "–",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textbackslash": "\\",
    "textasciitilde": "~",
    "quad": " ",
    "qquad": " ",
    "space": " ",
    "newline": "\n",
    "linebreak": "\n",
    "S": "§",
    "ss": "ß",
    "ae": "æ",
    "oe": "œ",
    "o": "ø",
    "l": "ł",
    "i": "ı",
}
"""Commands that are written for one character."""
