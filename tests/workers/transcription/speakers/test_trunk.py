"""Embeddings of overlapping windows from frames that are computed once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from app.catalog import find
from app.catalog.offline import import_pyannote_audio
from app.media.decode import SAMPLE_RATE, Samples, decode_span
from app.workers.transcription.speakers.trunk import Blocks, SharedTrunk, Sound, is_shareable

ROOT = Path(__file__).resolve().parents[4]
TWO_SPEAKERS = ROOT / "tests/audio/two-speakers.ogg"
SIZE, STEP = 4 * SAMPLE_RATE, SAMPLE_RATE
MASK_FRAMES = 177

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def network(models_dir: Path) -> Any:
    folder = find(models_dir, "diarization", "community-campplus").folder
    return import_pyannote_audio().Model.from_pretrained(folder / "embedding", strict=True).eval()


@pytest.fixture(scope="module")
def wespeaker() -> Any:
    """The network of pyannote's own pipelines, with random weights: only how it is run is tried."""
    import torch

    import_pyannote_audio()
    from pyannote.audio.models.embedding import WeSpeakerResNet34

    torch.manual_seed(0)
    return WeSpeakerResNet34().eval()


@pytest.fixture(scope="module")
def samples() -> Samples:
    return decode_span(TWO_SPEAKERS, 0.0, 12.3)


def everybody(windows: int) -> np.ndarray:
    """Three people in each window: one throughout, one in a part of it, one who says nothing."""
    masks = np.zeros((windows, MASK_FRAMES, 3), np.float32)
    masks[:, :, 0] = 1
    masks[:, 30:90, 1] = 1
    return masks


def run(
    network: Any,
    samples: Samples,
    starts: Sequence[int],
    blocks: Blocks,
    begin: int = 0,
    masks: np.ndarray | None = None,
) -> tuple[np.ndarray, int]:
    """Return the embeddings and how many blocks went through the trunk."""
    calls: list[tuple[int, int]] = []
    found = SharedTrunk(network, blocks).embeddings(
        Sound(begin, samples),
        starts,
        SIZE,
        everybody(len(starts)) if masks is None else masks,
        lambda done, of: calls.append((done, of)),
    )
    assert calls == sorted(calls)
    return found, len(calls)


def alone(network: Any, window: Samples) -> np.ndarray:
    """The three embeddings of a window through the whole network."""
    import torch

    rows = torch.from_numpy(window).expand(3, 1, -1)
    with torch.inference_mode():
        return network(rows, weights=torch.from_numpy(everybody(1)[0].T.copy())).numpy()  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["network", "wespeaker"])
def test_a_window_that_is_a_block_has_the_embeddings_of_the_whole_network(
    name: str, request: pytest.FixtureRequest, samples: Samples
) -> None:
    whole_network = request.getfixturevalue(name)
    found, blocks = run(whole_network, samples[:SIZE], [0], Blocks(SIZE / SAMPLE_RATE, 0.0))
    assert blocks == 1
    assert_allclose(found[0, :2], alone(whole_network, samples[:SIZE])[:2], rtol=1e-3, atol=1e-3)
    assert np.isnan(found[:, 2]).all()


@pytest.mark.parametrize("blocks", [Blocks(4.0, 1.0), Blocks(2.0, 2.0), Blocks(10.0, 2.0)])
def test_windows_over_several_blocks_sound_as_they_do_alone(network: Any, samples: Samples, blocks: Blocks) -> None:
    starts = [STEP, 3 * STEP, 7 * STEP]
    found, _ = run(network, samples, starts, blocks)
    for row, start in enumerate(starts):
        whole = alone(network, samples[start : start + SIZE])
        for speaker in (0, 1):
            assert cosine(found[row, speaker], whole[speaker]) > 0.85


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_every_second_goes_through_the_trunk_once(network: Any, samples: Samples) -> None:
    starts = [number * STEP for number in range(9)]
    _, blocks = run(network, samples, starts, Blocks(2.0, 0.5))
    assert blocks == 6  # of 2 s, for windows that end after 12 s


def test_where_nobody_speaks_nothing_is_computed(network: Any, samples: Samples) -> None:
    starts = [0, 2 * SAMPLE_RATE, 8 * SAMPLE_RATE]
    masks = everybody(3)
    masks[1] = 0
    found, blocks = run(network, samples, starts, Blocks(2.0, 0.5), masks=masks)
    assert blocks == 4
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2], :2]).all()


def test_it_does_not_matter_with_which_stretch_a_window_came(network: Any, samples: Samples) -> None:
    blocks = Blocks(3.0, 0.5)
    reach = SharedTrunk(network, blocks).reach
    starts = [number * STEP for number in range(8)]
    whole, _ = run(network, samples, starts, blocks)
    begin = max(0, starts[4] - reach)
    later, _ = run(network, samples[begin:], starts[4:], blocks, begin)
    earlier, _ = run(network, samples[: starts[3] + SIZE + reach], starts[:4], blocks)
    assert_allclose(np.concatenate([earlier, later]), whole, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("seconds", [0.01, 0.05, 1.9, 2.01, 3.99])
def test_nobody_is_heard_behind_the_recordings_end(network: Any, samples: Samples, seconds: float) -> None:
    short = samples[: round(seconds * SAMPLE_RATE)]
    found, _ = run(network, short, [0], Blocks(2.0, 0.5))
    masks = everybody(1)
    masks[:, int(seconds / 4 * MASK_FRAMES) :] = 0
    until_the_end, _ = run(network, short, [0], Blocks(2.0, 0.5), masks=masks)
    if seconds > 1:
        assert cosine(found[0, 0], until_the_end[0, 0]) > 0.99
    assert np.isfinite(found[0, 0]).all() or seconds < 1


def test_a_network_that_keeps_its_halves_to_itself_is_refused(network: Any) -> None:
    import_pyannote_audio()
    from pyannote.audio.models.embedding import XVectorSincNet

    assert is_shareable(network)
    assert not is_shareable(XVectorSincNet())
    with pytest.raises(ValueError, match="XVectorSincNet does not expose its trunk"):
        SharedTrunk(XVectorSincNet(), Blocks())
