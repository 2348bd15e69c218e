"""Where a directive ends."""

from __future__ import annotations

import pytest

from corepy.corefile import load
from corepy.lib.closing import last_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (". {\n transfer\n}", 2),
        (". {\n transfer a.test b.test\n}", 2),
        (". {\n transfer a.test {\n }\n}", 3),
        (". {\n transfer {\n  to *\n  source 127.0.0.1\n\n }\n}", 6),
        ('. {\n transfer {\n  to "}"\n }\n}', 4),
    ],
)
def test_a_block_ends_at_its_brace(text: str, line: int) -> None:
    corefile = load(text, "Corefile", known="transfer".__eq__, environ={})
    assert last_line(corefile.blocks[0].directives["transfer"][0]) == line
