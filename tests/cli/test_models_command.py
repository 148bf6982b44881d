import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.models import models
from tests.catalog.test_installed import put


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def test_the_list_shows_what_is_installed_and_what_can_be_fetched(runner: CliRunner, tmp_path: Path) -> None:
    put(tmp_path, "whisper", "large")
    shown = runner.invoke(models, ["list", "--models-dir", str(tmp_path)])
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    (large,) = [line for line in lines if "whisper/large" in line]
    (base,) = [line for line in lines if "whisper/base" in line]
    assert large.rstrip().endswith("installed")
    assert "MIT" in base
    assert "150 MB" in base
    assert "can be fetched" in base


def test_verify_names_what_is_damaged_and_fails(runner: CliRunner, tmp_path: Path) -> None:
    put(tmp_path, "whisper", "large")
    checked = runner.invoke(models, ["verify", "--models-dir", str(tmp_path)])
    assert checked.exit_code == 1
    assert "whisper/large: damaged: model.bin" in checked.stdout


def test_verify_passes_where_all_is_as_recorded(runner: CliRunner, tmp_path: Path) -> None:
    folder = put(tmp_path, "whisper", "large", b"")
    description = json.loads((folder / "model.json").read_text())
    description["files"] = {"model.bin": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    (folder / "model.json").write_text(json.dumps(description))
    checked = runner.invoke(models, ["verify", "--models-dir", str(tmp_path)])
    assert (checked.exit_code, checked.stdout) == (0, "whisper/large: ok\n")


def test_an_unknown_demo_model_is_told_the_known_ones(runner: CliRunner, tmp_path: Path) -> None:
    refused = runner.invoke(models, ["fetch", "huge", "--models-dir", str(tmp_path)])
    assert refused.exit_code == 2
    assert "there are base, community-campplus, smollm2-135m-instruct, tiny.en" in refused.stderr


def test_fetching_what_is_installed_does_and_says_nothing(runner: CliRunner, models_dir: Path) -> None:
    fetched = runner.invoke(models, ["fetch", "base", "whisper/base", "--models-dir", str(models_dir)])
    assert (fetched.exit_code, fetched.output) == (0, "")
