"""Measuring the peaks of a recording while it is listened to (see `app.core.waveform`)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.core.waveform import PEAKS_A_SECOND
from app.media.decode import SAMPLE_RATE, Samples

Peaks = NDArray[np.uint8]

_CELL_SAMPLES = SAMPLE_RATE // PEAKS_A_SECOND
_HIGHEST = 255


def peaks_of(blocks: Sequence[Samples]) -> Peaks:
    """Return the peaks of a block, shape (peaks,): of the loudest where each channel is a block of its own.

    Every block of a recording but the last is a whole number of peaks long.
    """
    whole = [np.pad(np.abs(block), (0, -len(block) % _CELL_SAMPLES)) for block in blocks]
    loudest = np.max([block.reshape(-1, _CELL_SAMPLES).max(axis=1) for block in whole], axis=0)
    peaks: Peaks = np.rint(np.sqrt(np.minimum(loudest, 1.0)) * _HIGHEST).astype(np.uint8)
    return peaks
