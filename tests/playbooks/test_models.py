"""How models that have to be pulled come to a site: by the role, from a hub on this machine."""

import getpass
import grp
import json
import os
import pwd
from pathlib import Path

from tests.catalog.hub import TOKEN, running_hub, small_gguf
from tests.playbooks.conftest import CHECKOUT, Playbook, change

MODELS = CHECKOUT / "playbooks" / "models.yml"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - where the role has the token


def test_a_gated_model_is_pulled_with_the_sites_token_which_is_seen_nowhere(
    ansible_playbook: Playbook, example: Path, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    release.mkdir()
    (release / "venv").symlink_to(CHECKOUT / ".venv")
    variables = example / "group_vars" / "all"
    change(variables / "secrets.yml", vocalyx_secret_hub_token=TOKEN)
    change(
        variables / "site.yml",
        vocalyx_models=str(tmp_path / "models"),
        vocalyx_models_wanted=[{"kind": "llm", "name": "ours", "pull": "someone/a-model"}],
        vocalyx_user=getpass.getuser(),
        vocalyx_group=grp.getgrgid(pwd.getpwuid(os.getuid()).pw_gid).gr_name,
    )
    with running_hub() as hub:
        hub.publish("someone/a-model", {"a-model.Q4_K_M.gguf": small_gguf()}, gated=True)
        here = {"ansible_connection": "local", "ansible_become": False, "models_hub": hub.url}
        ended = ansible_playbook(
            MODELS, example, "-vvv", "-e", json.dumps(here | {"models_release_directory": str(release)})
        )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    assert (tmp_path / "models" / "llm" / "ours" / "model.json").exists()
    assert TOKEN not in said
    assert not list(IN_MEMORY.glob("vocalyx-models-*"))
