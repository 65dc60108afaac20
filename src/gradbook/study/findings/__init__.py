"""Findings: what may be said about a study, and the test behind each statement."""
