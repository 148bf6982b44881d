"""Models from a hub, over real connections that break."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.catalog import ModelKind, find, installed
from app.catalog.errors import ModelPullFailed, ModelRefused, NotEnoughSpace
from app.catalog.hub import ATTEMPTS, Hub
from app.catalog.hub_access import hub_token
from app.catalog.installed import InstalledModel
from app.catalog.progress import Arriving
from app.catalog.pull import PullOrder, order_from_repository, pull
from tests.catalog.hub import TOKEN, PlayedHub, running_hub, small_gguf

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "someone/a-model"
FILE = "a-model.Q4_K_M.gguf"
CONTENT = small_gguf()


class Told:
    """Remembers what a pull tells."""

    def __init__(self) -> None:
        self.received: list[int] = []
        self.present_after: list[float | None] = []

    def waiting(self, _models_dir: Path) -> None:
        pass

    def downloading(self, _model: Arriving, received: int) -> None:
        self.received.append(received)

    def working(self, _model: Arriving, _activity: str) -> None:
        pass

    def present(self, _model: Arriving, seconds: float | None) -> None:
        self.present_after.append(seconds)


@pytest.fixture
def hub() -> Iterator[PlayedHub]:
    with running_hub() as played:
        yield played


def order(**how: str) -> PullOrder:
    return order_from_repository(REPOSITORY, ModelKind.LLM).given(
        revision=how.get("revision"), sha256=how.get("sha256")
    )


def pulled(
    hub: PlayedHub, target: Path, asked: PullOrder | None = None, *, token: str | None = None, update: bool = False
) -> InstalledModel:
    client = Hub(hub.url, token, first_pause_seconds=0)
    try:
        return pull(asked or order(), target, client, Told(), update=update)
    finally:
        client.close()


def left_over(target: Path) -> set[str]:
    return {str(path.relative_to(target)) for path in (target / ".pulling").rglob("*") if path.is_file()}


def test_a_model_is_pulled_checked_and_described(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT, "LICENSE": b"free for all", "README.md": b"not taken"})
    model = pulled(hub, tmp_path)
    assert model == find(tmp_path, "llm", "a-model")
    assert (model.folder / FILE).read_bytes() == CONTENT
    assert model.files == {
        FILE: hashlib.sha256(CONTENT).hexdigest(),
        "LICENSE": hashlib.sha256(b"free for all").hexdigest(),
    }
    assert (model.licence, model.languages) == ("mit", ("en", "fr"))
    assert model.source == f"{hub.url}/{REPOSITORY}@{'c' * 40}"
    assert model.is_whole()
    assert model.damaged_files() == []
    assert not any(path.is_symlink() for path in model.folder.rglob("*"))
    assert left_over(tmp_path) == set()


def test_what_is_installed_is_left_alone_without_a_question_to_the_hub(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    pulled(hub, tmp_path)
    hub.asked.clear()
    pulled(hub, tmp_path)
    assert hub.asked == []


def test_what_is_installed_is_held_against_what_is_insisted_on(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    first = pulled(hub, tmp_path)
    asked = order(sha256=hashlib.sha256(CONTENT).hexdigest(), revision="main")
    assert pulled(hub, tmp_path, asked) == first
    with pytest.raises(ModelPullFailed, match="has the checksum"):
        pulled(hub, tmp_path, order(sha256="0" * 64))
    newer = small_gguf(6000)
    hub.publish(REPOSITORY, {FILE: newer}, commit="d" * 40)
    with pytest.raises(ModelRefused, match=r"is installed from .*c{40}, not from .*d{40}") as refused:
        pulled(hub, tmp_path, order(revision="main"))
    assert "--update" in refused.value.remedy
    assert find(tmp_path, "llm", "a-model") == first
    assert pulled(hub, tmp_path, order(revision="main"), update=True).source.endswith("d" * 40)


Q8 = "a-model.Q8_0.gguf"
Q8_CONTENT = small_gguf(7000)
Q8_SHA256 = hashlib.sha256(Q8_CONTENT).hexdigest()


def quantised(pattern: str, sha256: str | None = None) -> PullOrder:
    return order_from_repository(REPOSITORY, ModelKind.LLM, patterns=[pattern]).given(revision=None, sha256=sha256)


@pytest.mark.parametrize("sha256", [None, Q8_SHA256])
def test_another_file_of_the_same_commit_is_not_taken_for_the_one_that_is_asked_for(
    hub: PlayedHub, tmp_path: Path, sha256: str | None
) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT, Q8: Q8_CONTENT})
    first = pulled(hub, tmp_path, quantised("*Q4_K_M.gguf"))
    with pytest.raises(ModelRefused, match=r"is installed from .*, but without its a-model\.Q8_0\.gguf") as refused:
        pulled(hub, tmp_path, quantised("*Q8_0.gguf", sha256))
    assert "--update" in refused.value.remedy
    assert find(tmp_path, "llm", "a-model") == first
    second = pulled(hub, tmp_path, quantised("*Q8_0.gguf", sha256), update=True)
    assert second.files == {Q8: Q8_SHA256}
    hub.asked.clear()
    assert pulled(hub, tmp_path, quantised("*Q8_0.gguf", sha256)) == second
    assert hub.sent() == 0


def test_files_that_are_installed_are_known_by_their_pattern_without_a_question(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT, Q8: Q8_CONTENT})
    first = pulled(hub, tmp_path, quantised("*Q4_K_M.gguf"))
    hub.asked.clear()
    assert pulled(hub, tmp_path, quantised("*.Q4_*")) == first
    assert hub.asked == []


def test_a_model_file_in_a_folder_of_its_repository_is_installed(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {"Q4/model.gguf": CONTENT, "Q8/model.gguf": Q8_CONTENT, "LICENSE": b"free"})
    model = pulled(hub, tmp_path, quantised("Q8/*.gguf"))
    assert set(model.files) == {"model.gguf", "LICENSE"}
    assert (model.folder / "model.gguf").read_bytes() == Q8_CONTENT
    assert pulled(hub, tmp_path, quantised("Q8/*.gguf")) == model
    # The other one would have the same name here.
    with pytest.raises(ModelRefused, match=r"but without its Q4/model\.gguf"):
        pulled(hub, tmp_path, quantised("Q4/*.gguf"))
    assert pulled(hub, tmp_path, quantised("Q4/*.gguf"), update=True).size_bytes == len(CONTENT) + len(b"free")


def test_an_update_downloads_only_what_changed(hub: PlayedHub, tmp_path: Path) -> None:
    licence = b"free for all " * 100
    hub.publish(REPOSITORY, {FILE: CONTENT, "LICENSE": licence})
    first = pulled(hub, tmp_path)
    assert pulled(hub, tmp_path, update=True) == first
    assert hub.sent() == len(CONTENT) + len(licence)
    newer = small_gguf(6000)
    hub.publish(REPOSITORY, {FILE: newer, "LICENSE": licence}, commit="d" * 40)
    hub.asked.clear()
    assert pulled(hub, tmp_path, update=True).source.endswith("d" * 40)
    assert hub.sent() == len(newer)
    assert (find(tmp_path, "llm", "a-model").folder / FILE).read_bytes() == newer


def test_an_update_mends_a_damaged_file(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    model = pulled(hub, tmp_path)
    with (model.folder / FILE).open("r+b") as file:
        file.seek(3000)
        file.write(b"damage")
    assert model.is_whole()
    assert pulled(hub, tmp_path, update=True).damaged_files() == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=ATTEMPTS - 1))
def test_wherever_connections_break_every_byte_is_sent_once(
    hub: PlayedHub, tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    target = tmp_path_factory.mktemp("models")
    hub.publish(REPOSITORY, {FILE: CONTENT})
    hub.asked.clear()
    hub.cuts = list(cuts)
    model = pulled(hub, target)
    hub.cuts.clear()
    assert (model.folder / FILE).read_bytes() == CONTENT
    assert hub.sent() == len(CONTENT)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(have=st.integers(0, len(CONTENT) + 10), flipped=st.booleans())
def test_whatever_part_lies_there_the_whole_is_right(
    hub: PlayedHub, tmp_path_factory: pytest.TempPathFactory, have: int, *, flipped: bool
) -> None:
    target = tmp_path_factory.mktemp("models")
    hub.publish(REPOSITORY, {FILE: CONTENT})
    part = target / ".pulling/llm/a-model/parts" / hashlib.sha256(CONTENT).hexdigest()
    part.parent.mkdir(parents=True)
    beginning = (CONTENT + b"trailing!!")[:have]
    part.write_bytes(bytes([beginning[0] ^ 1]) + beginning[1:] if flipped and beginning else beginning)
    assert (pulled(hub, target).folder / FILE).read_bytes() == CONTENT


def test_a_server_without_ranges_begins_anew(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    hub.ranges = False
    hub.cuts = [100, 4000]
    assert (pulled(hub, tmp_path).folder / FILE).read_bytes() == CONTENT
    assert hub.sent() == len(CONTENT) + 4100


def test_a_killed_pull_is_continued_with_the_rest(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT, "LICENSE": b"free"})
    hub.cuts, hub.hold = [3000], threading.Event()
    command = [
        sys.executable, "-m", "app.cli.main", "models", "pull", REPOSITORY, "--kind", "llm",
        "--models-dir", str(tmp_path), "--hub", hub.url,
    ]  # fmt: skip
    part = tmp_path / ".pulling/llm/a-model/parts" / hashlib.sha256(CONTENT).hexdigest()
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        assert hub.held.wait(60)
        while not (part.exists() and part.stat().st_size == 3000):
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    hub.hold.set()
    assert installed(tmp_path) == []
    hub.asked.clear()
    model = pulled(hub, tmp_path)
    assert (model.folder / FILE).read_bytes() == CONTENT
    assert [each.range for each in hub.asked if each.server == "storage"] == ["bytes=3000-"]
    assert hub.sent() == len(CONTENT) - 3000
    assert [each.path for each in hub.asked if "LICENSE" in each.path] == []
    assert left_over(tmp_path) == set()


def test_an_older_part_of_a_file_that_changed_is_thrown_away(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    hub.cuts = [10] * ATTEMPTS
    with pytest.raises(ModelPullFailed):
        pulled(hub, tmp_path)
    newer = small_gguf(6000)
    hub.publish(REPOSITORY, {FILE: newer}, commit="d" * 40)
    assert (pulled(hub, tmp_path).folder / FILE).read_bytes() == newer
    assert left_over(tmp_path) == set()


def test_a_damaged_arrival_is_tried_once_more_and_only_once(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    hub.damages = 1
    assert (pulled(hub, tmp_path).folder / FILE).read_bytes() == CONTENT
    hub.damages = 2
    with pytest.raises(ModelPullFailed, match="arrived twice with another checksum") as failure:
        pulled(hub, tmp_path / "other")
    assert "--hub" in failure.value.remedy
    assert installed(tmp_path / "other") == []
    assert left_over(tmp_path / "other") == set()


def test_the_token_stays_with_the_hub(hub: PlayedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    hub.publish(REPOSITORY, {FILE: CONTENT}, gated=True)
    pulled(hub, tmp_path / "models", token=TOKEN)
    assert {each.authorization for each in hub.asked if each.server == "hub"} == {f"Bearer {TOKEN}"}
    assert [each.authorization for each in hub.asked if each.server == "storage"] == [None]


def test_a_gated_model_says_where_to_accept_and_where_the_token_goes(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT}, gated=True)
    with pytest.raises(ModelPullFailed, match="is gated") as without:
        pulled(hub, tmp_path)
    assert f"Open {hub.url}/{REPOSITORY}, log in and accept the licence" in without.value.remedy
    assert "VOCALYX_HUB_TOKEN" in without.value.remedy
    with pytest.raises(ModelPullFailed) as refused:
        pulled(hub, tmp_path, token="hf_of-somebody-else")
    assert "the account that the token belongs to" in refused.value.remedy
    assert "hf_of-somebody-else" not in str(refused.value)


def test_what_is_not_there_is_named(hub: PlayedHub, tmp_path: Path) -> None:
    with pytest.raises(ModelPullFailed, match="does not show someone/a-model@main"):
        pulled(hub, tmp_path)
    hub.publish(REPOSITORY, {"model.safetensors": CONTENT})
    with pytest.raises(ModelPullFailed, match=r"has no file \*\.gguf") as failure:
        pulled(hub, tmp_path)
    assert "model.safetensors (0 MB)" in failure.value.remedy
    with pytest.raises(ModelPullFailed, match=r"has no someone/a-model@v2 \(404\)"):
        pulled(hub, tmp_path, order(revision="v2"))


def test_of_several_model_files_one_has_to_be_named(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT, "a-model.Q8_0.gguf": CONTENT + b"8"})
    with pytest.raises(ModelPullFailed, match="2 files to choose from"):
        pulled(hub, tmp_path)
    chosen = order_from_repository(REPOSITORY, ModelKind.LLM, patterns=["*Q8_0.gguf"], name="q8")
    assert set(pulled(hub, tmp_path, chosen).files) == {"a-model.Q8_0.gguf"}


def test_a_checksum_can_be_insisted_on(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT, "LICENSE": b"free"})
    with pytest.raises(ModelPullFailed, match="has the checksum"):
        pulled(hub, tmp_path, order(sha256="0" * 64))
    assert hub.sent() == 0
    pulled(hub, tmp_path, order(sha256=hashlib.sha256(CONTENT).hexdigest().upper()))


def test_a_hub_under_load_is_asked_again_and_not_for_ever(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    hub.failures = [503, 429, 500]
    pulled(hub, tmp_path)
    hub.asked.clear()
    hub.failures = [503] * 100
    with pytest.raises(ModelPullFailed, match="it answered 503, 5 times") as failure:
        pulled(hub, tmp_path / "other")
    assert len(hub.asked) == ATTEMPTS
    assert "vocalyx models import" in failure.value.remedy


def test_no_network_names_the_ways_of_a_closed_site(tmp_path: Path) -> None:
    with running_hub() as gone:
        address = gone.url
    client = Hub(address, first_pause_seconds=0)
    with pytest.raises(ModelPullFailed, match="it cannot be reached") as failure:
        pull(order(), tmp_path, client, Told())
    client.close()
    assert "VOCALYX_HUB_URL" in failure.value.remedy
    assert "import FOLDER" in failure.value.remedy


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>Log in to the guest network</html>", b"[]", b"null", b'"text"', b"{}", b'{"sha": "main", "siblings": []}',
        b'{"sha": 1, "siblings": []}', b"\xff\xfe", b"[" * 100_000,
        json.dumps({"sha": "c" * 40, "siblings": [{"rfilename": "../../x", "size": 1, "blobId": "a" * 40}]}).encode(),
        json.dumps({"sha": "c" * 40, "siblings": [{"rfilename": "a.gguf", "size": 1}]}).encode(),
        json.dumps({"sha": "c" * 40, "siblings": [{"rfilename": "a.gguf", "blobId": "a" * 40}]}).encode(),
    ],
)  # fmt: skip
def test_what_is_no_description_is_refused(hub: PlayedHub, tmp_path: Path, answer: bytes) -> None:
    hub.garbage = answer
    with pytest.raises(ModelPullFailed, match="does not answer like a model hub"):
        pulled(hub, tmp_path)
    assert not (tmp_path / ".pulling").exists()


def test_a_file_of_another_kind_is_not_installed(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: b"<html>" * 1000})
    with pytest.raises(ModelPullFailed, match="is no llm model that can be used"):
        pulled(hub, tmp_path)
    assert installed(tmp_path) == []


def test_a_full_volume_is_noticed_before_anything_is_downloaded(
    hub: PlayedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    usage = type("Usage", (), {"free": 12_000_000})
    monkeypatch.setattr("app.catalog.place.shutil.disk_usage", lambda _path: usage)
    with pytest.raises(NotEnoughSpace, match=r"has 12 MB free; pulling a-model needs 17 MB"):
        pulled(hub, tmp_path)
    assert hub.sent() == 0


def test_a_volume_that_fills_up_keeps_what_arrived(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    command = [
        sys.executable, "-m", "app.cli.main", "models", "pull", REPOSITORY, "--kind", "llm",
        "--models-dir", str(tmp_path), "--hub", hub.url,
    ]  # fmt: skip
    # A limit on the size of files stands for the end of the volume: the same call fails at the same place.
    limited = ["sh", "-c", 'ulimit -f 2; exec "$@"', "limited", *command]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    failed = subprocess.run(limited, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "takes no more data: File too large" in failed.stderr
    assert "vocalyx models remove" in failed.stderr
    (part,) = (tmp_path / ".pulling/llm/a-model/parts").iterdir()
    assert CONTENT.startswith(part.read_bytes())
    have = part.stat().st_size
    assert have > 0
    hub.asked.clear()
    pulled(hub, tmp_path)
    assert hub.sent() == len(CONTENT) - have


def test_names_and_addresses_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    for name in ("..", "a/../b", "", ".hidden", "a b", "x" * 101, "é"):
        with pytest.raises(ModelRefused):
            order_from_repository(REPOSITORY, ModelKind.LLM, name=name or "/")
    for address in ("ftp://hub", "hub.example", "https://user:pw@hub.example", "https://hub.example/?x=1"):
        with pytest.raises(ModelPullFailed):
            Hub(address)
    with pytest.raises(ModelPullFailed, match="unencrypted"):
        Hub("http://mirror.example", TOKEN)
    with pytest.raises(ModelPullFailed) as refused:
        Hub("https://mirror.example", "a token\nwith a line")
    assert "with a line" not in str(refused.value)


def test_the_token_of_huggingface_goes_to_no_mirror(tmp_path: Path) -> None:
    (tmp_path / "vocalyx_hub_token").write_text("from a credential\n".replace(" ", "-"))
    assert hub_token("https://huggingface.co", {"HF_TOKEN": TOKEN}) == TOKEN
    assert hub_token("https://mirror.example", {"HF_TOKEN": TOKEN}) is None
    assert hub_token("https://mirror.example", {"HF_TOKEN": TOKEN, "VOCALYX_HUB_TOKEN": "own"}) == "own"
    assert hub_token("https://mirror.example", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "from-a-credential"
    named = {"VOCALYX_HUB_TOKEN_FILE": str(tmp_path / "vocalyx_hub_token")}
    assert hub_token("https://mirror.example", named) == "from-a-credential"
    with pytest.raises(ModelPullFailed):
        hub_token("https://mirror.example", {"VOCALYX_HUB_TOKEN_FILE": str(tmp_path / "absent")})


def test_two_pulls_at_once_download_once(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {FILE: CONTENT})
    threads = [threading.Thread(target=pulled, args=(hub, tmp_path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hub.sent() == len(CONTENT)
    assert [path.name for path in (tmp_path / "llm").iterdir()] == ["a-model"]
