"""docs/attacks.md names a test for each attack; each name is one."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "attacks.md"


def test_each_attack_on_the_page_is_tried_by_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    tried = [row for row in rows if not row.startswith("| tried |")]
    assert len(tried) > 30
    for row in tried:
        named = re.findall(r"`([\w/.]+\.py)::(\w+)`", row)
        assert named, row
        for file, test in named:
            assert re.search(rf"^(?:async )?def {test}\(", (HERE / file).read_text(encoding="utf-8"), re.MULTILINE), (
                file,
                test,
            )
