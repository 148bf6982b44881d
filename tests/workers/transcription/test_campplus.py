"""The embedding network with its published weights."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from app.catalog import find
from app.catalog.offline import import_pyannote_audio
from app.media.decode import SAMPLE_RATE, decode_span
from tests.workers.transcription.dialogues import read_rttm

ROOT = Path(__file__).resolve().parents[3]
TWO_SPEAKERS = ROOT / "tests/audio/two-speakers.ogg"
MASK_FRAMES = 177  # of a 3 s chunk, at the frame rate of pyannote's segmentation

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def network(models_dir: Path) -> Any:
    folder = find(models_dir, "diarization", "community-campplus").folder
    return import_pyannote_audio().Model.from_pretrained(folder / "embedding", strict=True).eval()


@pytest.fixture(scope="module")
def chunks() -> Any:
    """Two chunks of 3 s, (2, 1, samples)."""
    import torch

    return torch.from_numpy(decode_span(TWO_SPEAKERS, 4.0, 10.0)).reshape(2, 1, 3 * SAMPLE_RATE)


def test_the_published_weights_fill_the_whole_network(network: Any) -> None:
    assert type(network).__module__ == "app.workers.transcription.campplus"
    assert sum(parameter.numel() for parameter in network.parameters()) == 6_848_544


def test_a_voice_is_nearer_to_itself_than_to_another(network: Any) -> None:
    import torch

    longest: dict[str, list[tuple[float, float]]] = {}
    for start, end, speaker in read_rttm(TWO_SPEAKERS.with_suffix(".rttm")):
        longest.setdefault(speaker, []).append((start, end))
    voices = []
    for speaker, turns in longest.items():
        for start, end in sorted(turns, key=lambda turn: turn[0] - turn[1])[:4]:
            waveform = torch.from_numpy(decode_span(TWO_SPEAKERS, start, end))[None, None]
            with torch.inference_mode():
                voices.append((speaker, network(waveform)[0]))
    same, other = [], []
    for (first, voice), (second, another) in combinations(voices, 2):
        similarity = float(torch.cosine_similarity(voice, another, dim=0))
        (same if first == second else other).append(similarity)
    assert sum(same) / len(same) > sum(other) / len(other) + 0.2


def test_rows_of_one_chunk_share_the_network_without_a_difference(network: Any, chunks: Any) -> None:
    import torch

    generator = torch.Generator().manual_seed(1)
    masks = (torch.rand(6, MASK_FRAMES, generator=generator) > 0.5).float()
    rows = chunks.repeat_interleave(3, dim=0)
    with torch.inference_mode():
        together = network(rows, weights=masks)
        alone = torch.cat([network(rows[i : i + 1], weights=masks[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)


def test_a_row_in_which_nobody_speaks_is_not_a_number_and_disturbs_no_other(network: Any, chunks: Any) -> None:
    import torch

    masks = torch.ones(3, MASK_FRAMES)
    masks[1] = 0
    rows = chunks[:1].repeat_interleave(3, dim=0)
    with torch.inference_mode():
        embeddings = network(rows, weights=masks)
        nobody = network(rows, weights=torch.zeros(3, MASK_FRAMES))
    assert torch.isnan(embeddings[1]).all()
    torch.testing.assert_close(embeddings[0], embeddings[2])
    assert torch.isfinite(embeddings[0]).all()
    assert torch.isnan(nobody).all()


def test_a_waveform_too_short_to_pool_is_refused(network: Any) -> None:
    import torch

    with pytest.raises(ValueError, match="too few for an embedding"):
        network(torch.zeros(1, 1, 450))
