"""Claim: ten megabytes of Markdown are read for their mathematics faster than markdown-it-py parses them.

Reading here is what comes before any mathematics is understood: prose and formulas apart, with their places.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from _beside import row, spoken
from markdown_it import MarkdownIt

from gradbook.document.pieces import Source
from gradbook.document.reading import DocumentKind, pieces_of

PAGE = r"""# Loss

Let $x$ be **so**, where everything that a report says about it is said at some length, and then

$$
\frac{\partial f}{\partial\theta} = -\sum_i y_i \left[ \frac{1}{1 + e^{-x}} \right] x_i
$$

- an item of a list, with its text and a [link](https://example.org)

> a quotation of $y$

| name | value |
| --- | --- |
| $\eta$ | 0.1 |

```python
loss = -(y * log(p)).sum()
```

"""
TEXT = PAGE * (10_000_000 // len(PAGE))


def seconds(read: Callable[[], object]) -> float:
    began = time.perf_counter()
    read()
    return time.perf_counter() - began


peer = MarkdownIt("commonmark").enable("table")
ours = min(seconds(lambda: pieces_of(Source.of("", TEXT), DocumentKind.MARKDOWN)) for _ in range(2))
theirs = min(seconds(lambda: peer.parse(TEXT)) for _ in range(2))
row(f"{len(TEXT) / 1e6:.0f} MB of Markdown", "best of 2", "MB/s", "to ours")
for name, taken in (("gradbook reads", ours), ("markdown-it-py parses", theirs)):
    row(name, spoken(taken), f"{len(TEXT) / 1e6 / taken:.2f}", f"{taken / ours:.2f}")
