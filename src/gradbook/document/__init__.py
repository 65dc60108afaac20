"""Documents: Markdown, LaTeX and notebooks, read into lines, and a verdict on each line."""

from gradbook.document.checker import Session, check_document, check_text
from gradbook.document.report import Document, Evidence, Line, Problem, Report, Verdict

__all__ = [
    "Document",
    "Evidence",
    "Line",
    "Problem",
    "Report",
    "Session",
    "Verdict",
    "check_document",
    "check_text",
]
