"""Archives of wheels are named after what they are made from, and hold what their lock names."""

import re
import tarfile
from pathlib import Path

import wheelhouse
from hypothesis import given, settings
from hypothesis import strategies as st

LOCKS = ("tools", "core", "transcription", "enrichment", "queue_dashboard")
FLAGS = st.sets(st.sampled_from(["sse4_2", "avx", "avx2", "bmi2", "fma", "f16c"]))


@settings(deadline=None)
@given(one=FLAGS, other=FLAGS)
def test_only_what_is_compiled_depends_on_the_processor(one: set[str], other: set[str]) -> None:
    for lock in LOCKS:
        same = wheelhouse.archive_name(lock, sorted(one)) == wheelhouse.archive_name(lock, sorted(other))
        assert same == (lock != "enrichment" or one == other)


def test_servers_of_the_one_machine_mode_are_left_out() -> None:
    wanted = wheelhouse._wanted("core")
    assert "gunicorn==" in wanted
    assert not any(f"{name}==" in wanted for name in wheelhouse.ONE_MACHINE_ONLY)


def test_an_archive_is_the_same_to_the_bit_and_names_each_wheel_with_its_hash(tmp_path: Path) -> None:
    archives = []
    for turn in ("first", "second"):
        wheels = tmp_path / turn
        wheels.mkdir()
        (wheels / "some_package-1.2+cpu-py3-none-any.whl").write_bytes(b"wheel")
        (wheels / "requirements.txt").write_text(wheelhouse._requirements(wheels))
        archive = tmp_path / f"{turn}.tar"
        wheelhouse._pack(wheels, archive)
        archives.append(archive.read_bytes())
    assert archives[0] == archives[1]
    with tarfile.open(tmp_path / "first.tar") as tar:
        member = tar.extractfile("requirements.txt")
        assert member is not None
        assert re.fullmatch(r"some-package==1\.2\+cpu --hash=sha256:[0-9a-f]{64}\n", member.read().decode())
