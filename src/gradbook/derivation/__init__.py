"""Gradients worked out as steps: rules, the algebra that brings a result to its familiar form, and a catalogue.

>>> from gradbook.derivation.catalogue import find
>>> from gradbook.derivation.working import work_out
>>> from gradbook.symbolic import to_text
>>> entry = find("softplus")
>>> derivation = work_out(entry.definition, entry.variable)
>>> to_text(derivation.result), derivation.proved
('σ(x)', True)

Every step is decided by :mod:`gradbook.symbolic.decide` as it is made. ``formats`` writes derivations out,
``code`` makes functions of them, ``pairs`` puts a loss on an activation.
"""
