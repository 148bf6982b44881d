"""Molecule's scenarios do all that their sequences say."""

from pathlib import Path

import pytest
import yaml

from tests.playbooks.conftest import CHECKOUT


@pytest.mark.parametrize(
    "scenario", sorted(CHECKOUT.glob("molecule/*/molecule.yml")), ids=lambda path: path.parent.name
)
def test_no_side_effect_is_left_out_in_silence(scenario: Path) -> None:
    said = yaml.safe_load(scenario.read_text())
    wanted = [step.split()[1:] for step in said["scenario"]["test_sequence"] if step.split()[0] == "side_effect"]
    # Without a playbook of this name Molecule passes over those that the sequence names, too.
    own = said["provisioner"]["playbooks"].get("side_effect", "side_effect.yml")
    for playbook in {own, *(name for names in wanted for name in names)} if wanted else set():
        assert (scenario.parent / playbook).is_file()
