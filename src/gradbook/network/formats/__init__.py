"""Worksheets in Markdown, LaTeX, HTML, PDF and JSON: a module each, with a function ``write``."""
