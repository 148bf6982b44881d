"""Finding a recording on the uploads volume."""

import errno
import os
from pathlib import Path

import pytest

from app.media.recordings import RecordingMissing, UploadsVolumeAway, locate


def test_a_recording_is_found_below_the_volume(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "one").write_bytes(b"sound")
    assert locate(tmp_path, "ab/one").read_bytes() == b"sound"


@pytest.mark.parametrize("relative", ["ab/none", "../outside", "/etc/passwd", "."])
def test_what_is_not_there_or_not_below_it_is_missing_for_good(tmp_path: Path, relative: str) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    volume = tmp_path / "uploads"
    (volume / "ab").mkdir(parents=True)
    with pytest.raises(RecordingMissing) as caught:
        locate(volume, relative)
    assert caught.value.status < 500


@pytest.mark.parametrize("mount_point_is_there", [True, False])
def test_a_volume_that_is_not_mounted_may_come_back(tmp_path: Path, mount_point_is_there: bool) -> None:
    if mount_point_is_there:
        (tmp_path / "uploads").mkdir()
    with pytest.raises(UploadsVolumeAway) as caught:
        locate(tmp_path / "uploads", "one")
    assert caught.value.status >= 500


@pytest.mark.parametrize("fault", [errno.ESTALE, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("first_refused", ["uploads", "uploads/ab/one"])
def test_a_volume_that_cannot_be_read_may_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: int, first_refused: str
) -> None:
    """An export that was taken away: what the kernel still remembers answers for a while, the rest does not."""
    (tmp_path / "uploads/ab").mkdir(parents=True)
    (tmp_path / "uploads/ab/one").write_bytes(b"sound")
    look = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if str(path) == str(tmp_path / first_refused):
            raise OSError(fault, os.strerror(fault))
        return look(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(UploadsVolumeAway, match=os.strerror(fault)):
        locate(tmp_path / "uploads", "ab/one")
