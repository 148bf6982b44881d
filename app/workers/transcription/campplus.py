"""CAM++ speaker embeddings as a `pyannote.audio` model.

The network of Wang et al. 2023, "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware
Masking" (arXiv:2303.00332), at its published size: a front-end of two-dimensional convolutions over the filter bank
(section 2.3), a densely connected time delay network of three blocks (2.1) whose layers mask their output by the context
(2.2), statistics pooling, one dense layer. Attributes bear the names that the published checkpoints use
(`speech_campplus_sv_*`), so that their state dict loads as it is, strictly.

The last layer ends in a batch normalisation without a rectifier, as published. (Some copies of the network add one there,
which throws away the sign of every component.)

Importing this module imports pyannote.audio: call `app.catalog.offline.import_pyannote_audio` first.
"""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation gives it
from pyannote.audio.core.model import Model
from pyannote.audio.models.blocks.pooling import StatsPool
from torch import Tensor, nn
from torchaudio.compliance import kaldi

EMBEDDING_DIMENSION = 192
MEL_BANDS = 80
FRONT_END_CHANNELS = 32
GROWTH = 32
"""Channels that each layer of a dense block adds."""
BOTTLENECK_CHANNELS = 128
DENSE_BLOCKS = ((12, 1), (24, 2), (16, 2))
"""Layers and dilation of each dense block."""
CONTEXT_FRAMES = 100
"""Length of the segments over which the mask looks at its surroundings: 2 s at 20 ms a frame."""
MIN_POOLED_FRAMES = 2
"""A standard deviation needs two."""


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut; `stride` thins the frequency axis, never time."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut.append(nn.Conv2d(channels, channels, 1, stride=(stride, 1), bias=False))
            self.shortcut.append(nn.BatchNorm2d(channels))

    def forward(self, maps: Tensor) -> Tensor:
        """(batch, channels, bands, frames) -> (batch, channels, bands / stride, frames)."""
        inner = F.relu(self.bn1(self.conv1(maps)), inplace=True)
        return F.relu(self.bn2(self.conv2(inner)).add_(self.shortcut(maps)), inplace=True)


class FrontEnd(nn.Module):
    """Convolutions over time and frequency, which make what follows robust to shifts of a voice's formants."""

    def __init__(self) -> None:
        super().__init__()
        channels = FRONT_END_CHANNELS
        self.conv1 = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.layer1 = nn.Sequential(ResidualBlock(channels, stride=2), ResidualBlock(channels, stride=1))
        self.layer2 = nn.Sequential(ResidualBlock(channels, stride=2), ResidualBlock(channels, stride=1))
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        """(batch, bands, frames) -> (batch, 32 * bands / 8, frames)."""
        maps = F.relu(self.bn1(self.conv1(features.unsqueeze(1))), inplace=True)
        maps = self.layer2(self.layer1(maps))
        return F.relu(self.bn2(self.conv2(maps)), inplace=True).flatten(1, 2)


class NormalisedRectifier(nn.Module):
    """Batch normalisation, then a rectifier."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.batchnorm = nn.BatchNorm1d(channels)

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, channels, frames), shape kept."""
        return F.relu(self.batchnorm(frames), inplace=True)


class TimeDelayLayer(nn.Module):
    """The first layer over time; it halves the frame rate."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(in_channels, out_channels, 5, stride=2, padding=2, bias=False)
        self.nonlinear = NormalisedRectifier(out_channels)

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, in_channels, frames) -> (batch, out_channels, ceil(frames / 2))."""
        return self.nonlinear(self.linear(frames))  # type: ignore[no-any-return]


class ContextAwareMasking(nn.Module):
    """A dilated convolution whose output is masked by what the whole chunk and the segment around a frame sound like."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(in_channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(in_channels, in_channels // 2, 1)
        self.linear2 = nn.Conv1d(in_channels // 2, out_channels, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, in_channels, frames) -> (batch, out_channels, frames)."""
        segments = F.avg_pool1d(frames, CONTEXT_FRAMES, CONTEXT_FRAMES, ceil_mode=True)
        context = frames.mean(-1, keepdim=True) + segments
        mask = torch.sigmoid(self.linear2(F.relu(self.linear1(context))))
        # The mask is the same for all frames of a segment: computed once a segment, repeated afterwards.
        mask = mask.repeat_interleave(CONTEXT_FRAMES, dim=-1)[..., : frames.shape[-1]]
        return self.linear_local(frames) * mask  # type: ignore[no-any-return]


class DenseLayer(nn.Module):
    """A layer of a dense block: bottleneck, then masked convolution."""

    def __init__(self, in_channels: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = NormalisedRectifier(in_channels)
        self.linear1 = nn.Conv1d(in_channels, BOTTLENECK_CHANNELS, 1, bias=False)
        self.nonlinear2 = NormalisedRectifier(BOTTLENECK_CHANNELS)
        self.cam_layer = ContextAwareMasking(BOTTLENECK_CHANNELS, GROWTH, dilation)

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, in_channels, frames) -> (batch, 32, frames)."""
        return self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(frames))))  # type: ignore[no-any-return]


class DenseBlock(nn.Module):
    """Layers that each see the output of all before them."""

    def __init__(self, in_channels: int, layers: int, dilation: int) -> None:
        super().__init__()
        for index in range(layers):
            self.add_module(f"tdnnd{index + 1}", DenseLayer(in_channels + index * GROWTH, dilation))

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, in_channels, frames) -> (batch, in_channels + 32 * layers, frames)."""
        for layer in self.children():
            frames = torch.cat((frames, layer(frames)), dim=1)
        return frames


class Transition(nn.Module):
    """Halves the channels after a dense block."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.nonlinear = NormalisedRectifier(in_channels)
        self.linear = nn.Conv1d(in_channels, in_channels // 2, 1, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, in_channels, frames) -> (batch, in_channels / 2, frames)."""
        return self.linear(self.nonlinear(frames))  # type: ignore[no-any-return]


class EmbeddingLayer(nn.Module):
    """From pooled statistics to the embedding."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(in_channels, EMBEDDING_DIMENSION, 1, bias=False)
        self.nonlinear = nn.Sequential()
        self.nonlinear.add_module("batchnorm", nn.BatchNorm1d(EMBEDDING_DIMENSION, affine=False))

    def forward(self, statistics: Tensor) -> Tensor:
        """(batch, in_channels) -> (batch, 192)."""
        return self.nonlinear(self.linear(statistics.unsqueeze(-1)).squeeze(-1))  # type: ignore[no-any-return]


class EmbeddingNetwork(nn.Module):
    """The densely connected time delay network, in two halves: `trunk` over time, `dense` behind the pooling."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.tdnn = TimeDelayLayer(in_channels, BOTTLENECK_CHANNELS)
        channels = BOTTLENECK_CHANNELS
        for index, (layers, dilation) in enumerate(DENSE_BLOCKS, start=1):
            self.add_module(f"block{index}", DenseBlock(channels, layers, dilation))
            channels += layers * GROWTH
            self.add_module(f"transit{index}", Transition(channels))
            channels //= 2
        self.out_nonlinear = NormalisedRectifier(channels)
        self.dense = EmbeddingLayer(2 * channels)

    def trunk(self, frames: Tensor) -> Tensor:
        """(batch, in_channels, frames) -> (batch, 512, ceil(frames / 2))."""
        for name, module in self.named_children():
            if name != "dense":
                frames = module(frames)
        return frames


class CAMPPlus(Model):
    """One embedding for each (chunk, mask) row, as `pyannote.audio`'s diarization asks for them.

    `forward` in two halves, `forward_frames` and `forward_embedding`, as pyannote's own WeSpeaker models have them.
    """

    def __init__(self, sample_rate: int = 16_000, num_channels: int = 1, task: Any = None) -> None:
        super().__init__(sample_rate=sample_rate, num_channels=num_channels, task=task)
        self.save_hyperparameters("sample_rate", "num_channels")
        self.head = FrontEnd()
        self.xvector = EmbeddingNetwork(FRONT_END_CHANNELS * MEL_BANDS // 8)
        self.pool = StatsPool()

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        return EMBEDDING_DIMENSION

    def features(self, waveforms: Tensor) -> Tensor:
        """Return log mel bands, each band's mean over the chunk taken off: (batch, 1, samples) -> (batch, 80, frames).

        25 ms windows every 10 ms, no dither: what the published weights were trained on.
        """
        banks = [
            kaldi.fbank(waveform, num_mel_bins=MEL_BANDS, dither=0.0, sample_frequency=self.hparams.sample_rate)
            for waveform in waveforms
        ]
        bands = torch.stack(banks).transpose(1, 2)
        return bands - bands.mean(dim=-1, keepdim=True)

    def num_frames(self, num_samples: int) -> int:
        """Return how many frames `forward_frames` makes of so many samples."""
        window, shift = (int(self.hparams.sample_rate) * milliseconds // 1000 for milliseconds in (25, 10))
        bands = max(0, 1 + (num_samples - window) // shift)
        return (bands + 1) // 2

    def forward_frames(self, waveforms: Tensor) -> Tensor:
        """Run the network up to the pooling: (batch, 1, samples) -> (batch, 512, frames), a frame every 20 ms.

        Raises `ValueError` for waveforms too short to pool; pyannote looks for the shortest that passes.
        """
        frames = self.xvector.trunk(self.head(self.features(waveforms)))
        if frames.shape[-1] < MIN_POOLED_FRAMES:
            raise ValueError(f"{waveforms.shape[-1]} samples are too few for an embedding")
        return frames

    def forward_embedding(self, frames: Tensor, weights: Tensor | None = None) -> Tensor:
        """Run the rest: (batch, 512, frames) and the (batch, frames) weights of each row -> (batch, 192)."""
        return self.xvector.dense(self.pool(frames, weights=weights))  # type: ignore[no-any-return]

    def forward(self, waveforms: Tensor, weights: Tensor | None = None) -> Tensor:
        """Return (batch, 192) embeddings of (batch, 1, samples) waveforms.

        `weights`, (batch, frames) at any frame rate, says where each row's speaker talks. A row in which nobody does
        gives NaN, which pyannote's clustering leaves out. pyannote repeats a chunk for each of its local speakers, one
        row after the other: the network runs once for all rows of a chunk.
        """
        if weights is None:
            return self.forward_embedding(self.forward_frames(waveforms))
        embeddings = waveforms.new_full((len(waveforms), EMBEDDING_DIMENSION), torch.nan)
        spoken = weights.sum(dim=1).nonzero().flatten().tolist()
        if not spoken:
            return embeddings
        firsts: list[int] = []
        chunk_of_row = []
        for row in spoken:
            if not firsts or not torch.equal(waveforms[row], waveforms[firsts[-1]]):
                firsts.append(row)
            chunk_of_row.append(len(firsts) - 1)
        frames = self.forward_frames(waveforms[firsts])[chunk_of_row]
        embeddings[spoken] = self.forward_embedding(frames, weights[spoken])
        return embeddings
