"""What travels between the two halves of a diarization."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workers.transcription.speakers.voices import Voices, VoicesUnfit, WindowShape

SHAPE = WindowShape(model="a", source="a 1", duration=10.0, step=2.5, frames=7, speakers=3, dimension=5)


def voices(first: int, count: int, seed: int = 0, shape: WindowShape = SHAPE) -> Voices:
    generator = np.random.default_rng(seed)
    embeddings = generator.standard_normal((count, shape.speakers, shape.dimension)).astype(np.float32)
    embeddings[generator.random((count, shape.speakers)) < 0.3] = np.nan
    active = generator.integers(0, 2, (count, shape.frames, shape.speakers)).astype(np.uint8)
    return Voices(shape, np.arange(first, first + count), active, embeddings)


def equal(one: Voices, other: Voices) -> bool:
    return (
        one.shape == other.shape
        and np.array_equal(one.windows, other.windows)
        and np.array_equal(one.active, other.active)
        and np.array_equal(one.embeddings, other.embeddings, equal_nan=True)
    )


@given(st.integers(0, 20_000), st.integers(0, 9), st.integers(0, 99))
def test_nothing_is_lost_on_the_way(first: int, count: int, seed: int) -> None:
    sent = voices(first if count else 0, count, seed)
    received = Voices.from_dict(json.loads(json.dumps(sent.to_dict())))
    assert equal(sent, received)


@given(st.lists(st.integers(1, 4), max_size=5), st.randoms())
def test_stretches_are_put_in_order_whatever_order_they_come_in(counts: list[int], random: object) -> None:
    parts = [voices(sum(counts[:number]), count, number) for number, count in enumerate(counts)]
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    joined = Voices.join([*shuffled, voices(3, 0)], shape=SHAPE)
    assert joined.windows.tolist() == list(range(sum(counts)))
    assert np.array_equal(joined.active, np.concatenate([np.empty((0, 7, 3)), *(part.active for part in parts)]))


def test_two_minutes_are_less_than_half_a_megabyte() -> None:
    sizes = replace(SHAPE, frames=589, dimension=256)
    assert len(json.dumps(voices(0, 48, shape=sizes).to_dict())) < 500_000


@pytest.mark.parametrize(
    "changed",
    [
        {"release": 0},
        {"release": None},
        {"count": 3},
        {"count": -4},
        {"first": -1},
        {"frames": 8},
        {"speakers": 2},
        {"dimension": "x"},
        {"dimension": 4},
        {"active": "AAAA"},
        {"active": "not base64!"},
        {"embeddings": None},
        {"embeddings": "AAA="},
        {"step": None},
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(VoicesUnfit):
        Voices.from_dict({**voices(0, 4).to_dict(), **changed})


@pytest.mark.parametrize("missing", list(voices(0, 4).to_dict()))
def test_a_value_that_is_missing_is_refused(missing: str) -> None:
    values = voices(0, 4).to_dict()
    del values[missing]
    with pytest.raises(VoicesUnfit):
        Voices.from_dict(values)


def test_two_models_are_not_mixed() -> None:
    with pytest.raises(VoicesUnfit, match="source='a 2'"):
        Voices.join([voices(0, 4), voices(4, 2, shape=replace(SHAPE, source="a 2"))], shape=SHAPE)


def test_a_window_twice_is_refused() -> None:
    with pytest.raises(VoicesUnfit, match="same window"):
        Voices.join([voices(0, 4), voices(3, 2)], shape=SHAPE)
