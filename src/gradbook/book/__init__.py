"""Lab books: mathematics, derivations, worksheets, studies and findings in one document, checked and built."""
