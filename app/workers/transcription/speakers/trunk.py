"""Embeddings of windows that overlap, from a network that hears every second of sound once.

An embedding network is a trunk, which turns sound into frames and takes nearly all of the time, and a pooling of the
frames in which a person speaks. pyannote.audio runs all of it window by window, so that windows of 10 s every 2.5 s send
each second through the trunk four times. Here the trunk runs over blocks that lie side by side, and each window pools
the frames of the blocks under it. A block hears some sound on either side, whose frames are thrown away: convolutions
look around. Blocks lie at fixed places of the recording, so that a window's embedding does not depend on which stretch
it came with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.media.decode import SAMPLE_RATE, Samples

_FEWEST_FRAMES = 2
"""A standard deviation needs two."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """How long the blocks are, and how much is heard on either side of one, in seconds.

    About the length of the windows, for which these networks are used: they take means over all that they hear. The
    margin is what a frame of CAM++ depends on. `python -m benchmarks.speakers` compares others.
    """

    seconds: float = 10.0
    margin_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of a recording: sample i of it is sample `begin + i` of the recording."""

    begin: int
    samples: Samples

    def cut(self, start: int, end: int) -> Samples:
        """Return the recording's samples from `start` to `end`, as far as they are here."""
        return self.samples[max(0, start - self.begin) : max(0, end - self.begin)]


class SharedTrunk:
    """The two halves of an embedding network, the first run once a block."""

    def __init__(self, network: Any, blocks: Blocks) -> None:
        """Raises `ValueError` for a network that `is_shareable` refuses."""
        if not is_shareable(network):
            raise ValueError(f"{type(network).__name__} does not expose its trunk")
        self._network = network
        self._hop = _samples_a_frame(network)
        self._block = max(1, round(blocks.seconds * SAMPLE_RATE / self._hop))
        self._margin = round(blocks.margin_seconds * SAMPLE_RATE / self._hop)

    @property
    def reach(self) -> int:
        """How many samples on either side of a window may be heard for it."""
        return (self._block + self._margin) * self._hop

    def embeddings(
        self,
        sound: Sound,
        starts: Sequence[int],
        size: int,
        masks: NDArray[np.float32],
        done: Callable[[int, int], None],
    ) -> NDArray[np.float32]:
        """Return each speaker's embedding in each window, (windows, speakers, dimension), NaN for the silent.

        `starts`, rising, are the windows' first samples in the recording, `size` is their length in samples. `sound`
        reaches `reach` samples further on both sides, or to the recording's own ends. `masks`, (windows, frames,
        speakers) at any frame rate, says where each speaks. `done` is told after each block how many windows are done, and
        of how many.
        """
        import torch

        found = np.full((len(masks), masks.shape[2], self._network.dimension), np.nan, np.float32)
        blocks: dict[int, Any] = {}
        length = self._network.num_frames(size)
        with torch.inference_mode():
            for window, start in enumerate(starts):
                first = round(start / self._hop)
                for passed in [number for number in blocks if (number + 1) * self._block <= first]:
                    del blocks[passed]
                rows = torch.from_numpy(masks[window].T.copy())[None]
                weights = torch.nn.functional.interpolate(rows, size=length, mode="nearest")[0]
                frames: Any = None
                for number in self._spoken_blocks(first, weights):
                    if number not in blocks:
                        blocks[number] = self._run(number, sound)
                        done(window, len(masks))
                    block = blocks[number]
                    if frames is None:
                        frames = block.new_zeros((*block.shape[:-1], length))
                    self._lay(block, number * self._block - first, frames, weights)
                spoken = weights.sum(dim=1).nonzero().flatten()
                if frames is not None and len(spoken):
                    rows = frames[None].expand(len(spoken), *frames.shape)
                    found[window, spoken] = self._network.forward_embedding(rows, weights=weights[spoken]).numpy()
        return found

    def _spoken_blocks(self, first: int, weights: Any) -> list[int]:
        """Return the blocks under those frames of a window, whose first is `first`, in which anybody speaks."""
        spoken = weights.any(dim=0).nonzero().flatten()
        return [int(number) for number in ((first + spoken) // self._block).unique()]

    def _run(self, number: int, sound: Sound) -> Any:
        """Return the frames of a block, (…, frames): fewer than usual where the recording ends in it."""
        import torch

        first = number * self._block
        begin = max(0, first - self._margin)
        heard = torch.from_numpy(sound.cut(begin * self._hop, (first + self._block + self._margin) * self._hop))
        if self._network.num_frames(len(heard)) < _FEWEST_FRAMES:
            heard = torch.nn.functional.pad(heard, (0, self._hop * _FEWEST_FRAMES * 2))
        return self._network.forward_frames(heard[None, None])[0][..., first - begin : first - begin + self._block]

    def _lay(self, block: Any, offset: int, frames: Any, weights: Any) -> None:
        """Copy a block that begins `offset` frames after the window; nobody speaks behind the recording's end."""
        begin, end = max(0, offset), min(frames.shape[-1], offset + block.shape[-1])
        if begin < end:
            frames[..., begin:end] = block[..., begin - offset : end - offset]
        weights[:, max(0, end) : max(0, offset + self._block)] = 0


def is_shareable(network: Any) -> bool:
    """Tell whether a network exposes its halves, as pyannote.audio's WeSpeaker models and ours do."""
    halves = ("num_frames", "forward_frames", "forward_embedding", "dimension")
    return (
        all(hasattr(network, half) for half in halves)
        and not getattr(network, "fbank_only", False)
        and network.hparams.sample_rate == SAMPLE_RATE
    )


def _samples_a_frame(network: Any) -> int:
    """Return how far apart two frames are: how many more samples there are in a minute for each more frame."""
    minute = 60 * SAMPLE_RATE
    frames = int(network.num_frames(2 * minute) - network.num_frames(minute))
    return round(minute / frames)
