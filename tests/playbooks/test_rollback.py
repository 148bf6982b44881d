"""Which release a site goes back to, on hosts that are folders of this machine."""

import re
from pathlib import Path

import pytest

from tests.playbooks.conftest import CHECKOUT, Playbook
from tests.playbooks.releases import site

CHOOSE = CHECKOUT / "playbooks" / "rollback_choose.yml"


@pytest.mark.parametrize(
    ("hosts", "chosen"),
    [
        # The page's host has no current release, and one host was there before the first.
        ({"a": ("api", ["first", "second", "third"], "third"), "t": ("transcription", ["second", "third"], "third"),
          "p": ("dashboard", ["first", "second", "third"], "")}, "second"),
        # An upgrade to the third stopped half-way.
        ({"a": ("api", ["first", "second", "third"], "third"), "b": ("api", ["first", "second", "third"], "second")}, "second"),
        # It was gone back already.
        ({"a": ("api", ["first", "second", "third"], "second"), "b": ("api", ["first", "second"], "second")}, "first"),
        # A host that came with the third has nothing else.
        ({"a": ("api", ["second", "third"], "third"), "b": ("api", ["third"], "third")}, None),
    ],
)  # fmt: skip
def test_it_is_the_newest_before_the_current_one_that_every_host_has(
    ansible_playbook: Playbook, tmp_path: Path, hosts: dict[str, tuple[str, list[str], str]], chosen: str | None
) -> None:
    ended = ansible_playbook(CHOOSE, site(tmp_path, hosts))
    said = re.sub(r"\s+", " ", ended.stdout)
    if chosen is None:
        assert ended.returncode != 0
        assert "there is none that every host has" in said
    else:
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert f"Going back to {chosen}" in said
