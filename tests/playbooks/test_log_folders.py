"""Folders of logs lie on a volume of the network where a host mounts it, and there root may make none."""

import yaml

from tests.playbooks.conftest import CHECKOUT


def test_no_folder_of_logs_is_made_as_root_where_the_volume_is_anothers() -> None:
    made = {
        file.parent.parent.name: task
        for file in CHECKOUT.glob("roles/*/tasks/install.yml")
        for task in yaml.safe_load(file.read_text())
        if "_logs }}/" in str(task.get("ansible.builtin.file", {}).get("path"))
    }
    assert made.keys() == {"api", "transcription_worker", "enrichment_worker", "dashboard", "queue_dashboard"}
    for role, task in made.items():
        # The pages are also on hosts that do not mount it; there the folder is nobody's yet.
        assert task["become_user"] in (
            f"{{{{ {role}_user }}}}",
            f"{{{{ __{role}_logs_folder.stat.pw_name | default('root') }}}}",
        )
