"""How much property tests try: the same few examples every time.

With ``--hypothesis-profile=fuzz`` they try many more, other ones every time.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Trees are slow to draw, and a shared machine is slow at times: neither says anything about the program.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

settings.register_profile("ci", _PATIENT, derandomize=True, max_examples=100)
settings.register_profile("fuzz", _PATIENT, derandomize=False, max_examples=2_000, print_blob=True)
settings.load_profile("ci")
