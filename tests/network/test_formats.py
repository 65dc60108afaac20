"""Every format holds the whole sheet."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gradbook.network import Part, load, work

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "networks"
SHEET = work(load(EXAMPLES / "softmax-batch.toml"))


def test_json_has_every_line_with_its_value() -> None:
    data = json.loads(SHEET.to("json"))
    lines = [line for section in data["sections"] for line in section["lines"]]
    assert len(lines) == len(list(SHEET.lines))
    loss = next(line for line in lines if line["name"] == "L")
    assert loss["value"]["shown"] == SHEET["L"].text(6)


@pytest.mark.parametrize("part", Part)
def test_page_and_picture_are_well_formed(part: Part) -> None:
    page = SHEET.to("html", part)
    start, end = page.index("<svg"), page.index("</svg>") + len("</svg>")
    ET.fromstring(page[start:end])
    body = page[page.index("<body>") : page.index("</html>")]
    ET.fromstring(body)
    assert page.count("<math") >= len(list(SHEET.lines))


def test_picture_has_every_weight_and_no_gradient_where_none_is_wanted() -> None:
    picture = SHEET.picture()
    assert picture.count('class="edge"') == 8
    assert "gradients of L" in picture
    assert "gradients of" not in SHEET.picture(gradients=False)


def test_pdf_is_made() -> None:
    pytest.importorskip("typst")
    assert SHEET.to_bytes("pdf").startswith(b"%PDF")


def test_unknown_format_is_told() -> None:
    with pytest.raises(ValueError, match="format is one of markdown, latex, html, pdf, json"):
        SHEET.to("docx")
