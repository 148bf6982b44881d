"""Listening to one part of a recording, all channels mixed or each alone, and finding the pause in which it ends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.transcript import Span
from app.core.waveform import PEAKS_A_SECOND, cells
from app.workers.context import Checkpoint
from app.workers.transcription.plan.channels import FrameSpan, without_echoes
from app.workers.transcription.plan.cutting import (
    VOICE_WINDOW_SECONDS,
    end_of_part,
    end_of_windows,
    joined,
    padded,
    quietest,
    within,
)
from app.workers.transcription.plan.voice import BLOCK_SECONDS, FRAME_SECONDS, RUN_UP_SECONDS, Frames, Listener
from app.workers.transcription.plan.waveform import Peaks, peaks_of
from app.workers.transcription.sound import VOICE_ACTIVITY_SECONDS, SoundMemory
from app.workers.transcription.text.whisper import WINDOW_SECONDS
from app.workers.transcription.timing import counted

# So little is not left for a part of its own.
_SHORTEST_PART_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When to end a part, in seconds: after so much speech, or so much sound; in a pause within `reach` of that."""

    speech: float
    sound: float
    reach: float


class Hearing:
    """What was heard of a recording from `start` on: of the mix (`channels` is (None,)), or of each channel."""

    def __init__(
        self,
        sound: SoundMemory,
        path: Path,
        *,
        start: float,
        channels: Sequence[int | None],
        voice: bool,
        memories: Sequence[bytes] = (),
    ) -> None:
        """`memories`: what the part before it gave as `memories`, if there is one and it was heard alike."""
        self.start = start
        self.end = start
        """Where the part ends: where nobody speaks, at a whole frame; or where the recording does."""
        self.last = False
        """Whether the recording ends there."""
        self.voice = voice
        """Whether speech was looked for."""
        self.channels = channels
        self._sound = sound
        self._path = path
        if len(memories) != len(channels):
            memories = [b""] * len(channels)
        self._listeners = [Listener(voice=voice, start=start, memory=memory) for memory in memories]
        self._peaks: list[Peaks] = []

    @property
    def heard(self) -> float:
        """How far was listened: the end, or behind it."""
        return max(self.start, *(listener.seconds for listener in self._listeners))

    def listen(self, limits: Limits, duration: float | None, context: Checkpoint) -> None:
        """Listen until the part can be ended. `duration`: of the recording, as far as it is known."""
        for blocks in self._blocks():
            context.checkpoint()
            for listener, block in zip(self._listeners, blocks, strict=True):
                with counted(self._sound.seconds, VOICE_ACTIVITY_SECONDS):
                    listener.hear(block)
            self._peaks.append(peaks_of(blocks))
            sound = self.heard - self.start
            speech = sum(span.duration for span in self._anybody()) if self.voice else sound
            done = max(speech / limits.speech, sound / limits.sound)
            left = None if duration is None else duration - self.heard
            context.report("listening", 100 * min(1.0, max(done, sound / (sound + left) if left and left > 0 else 0.0)))
            if done < 1 or (left is not None and 0 < left < _SHORTEST_PART_SECONDS):
                continue
            end = self._best_end(limits, speech)
            if end is not None:
                self.end = end
                return
        self.end, self.last = self.heard, True

    def memories(self) -> tuple[bytes, ...]:
        """Return what a hearing that goes on from this part's end has to remember, of each channel; none at the last."""
        if self.last or not self.voice:
            return ()
        return tuple(listener.memory_for(self.end) for listener in self._listeners)

    def spoken(self, channel: int = 0) -> list[Span]:
        """Return the speech of the part in spans that fit the decoder, padded, within the part."""
        return self._spoken_until(self.end, channel)

    def turns(self, channel: int) -> list[Span]:
        """Return the part's stretches of speech as they were heard."""
        return within(self._own(channel)[0], self.start, self.end)

    def speech_ahead(self) -> list[Span]:
        """Return all speech that was heard, behind the part's end too, and what may follow there."""
        following = [] if self.last else [Span(self.heard, self.heard + VOICE_WINDOW_SECONDS)]
        return [*self._anybody(), *following]

    def faint(self) -> bool:
        """Whether there may have been speech in the part, be it too faint to count as such."""
        return any(listener.faint(self.start, self.end) for listener in self._listeners)

    def loudness(self, channel: int = 0) -> Frames:
        """Return the root mean square of each frame of the part."""
        listener = self._listeners[channel]
        first, last = (round((time - listener.begin) / FRAME_SECONDS) for time in (self.start, self.end))
        return listener.loudness[first : max(first, last)]

    def peaks(self) -> bytes:
        """Return how loud the part is, the loudest channel of each moment: see `app.core.waveform`."""
        part = cells(self.start, self.end)
        before = round(self._listeners[0].begin * PEAKS_A_SECOND)
        heard = np.concatenate(self._peaks) if self._peaks else np.empty(0, np.uint8)
        return heard[part.start - before : part.stop - before].tobytes()

    def _blocks(self) -> Iterator[tuple[np.ndarray, ...]]:
        begin = self._listeners[0].begin
        if begin > 0:
            for listener, channel in zip(self._listeners, self.channels, strict=True):
                listener.run_up(self._sound.span(self._path, begin - RUN_UP_SECONDS, begin, channel))
        channels = [self._sound.blocks(self._path, BLOCK_SECONDS, begin, channel) for channel in self.channels]
        return zip(*channels, strict=True)  # channels of a recording are of one length

    def _anybody(self) -> list[Span]:
        """Return where anybody speaks, on any channel."""
        spans = [span for listener in self._listeners for span in listener.stretches()]
        return joined(sorted(spans, key=lambda span: span.start), 0.0)

    def _best_end(self, limits: Limits, speech: float) -> float | None:
        """Return where to end the part; None: nobody has paused yet, listen on."""
        end = self._end_in_a_pause(limits.reach) if self.voice else None
        if end is None:
            # Singing without a breath: after twice the time a cut into it is better than none.
            if self.voice and speech < 2 * limits.speech:
                return None
            loudness = np.max([listener.loudness for listener in self._listeners], axis=0)
            begin = self._listeners[0].begin
            latest = self.heard - begin - 1
            end = begin + quietest(loudness, FRAME_SECONDS, latest - limits.reach / 2, latest)
        return int(end / FRAME_SECONDS) * FRAME_SECONDS

    def _end_in_a_pause(self, reach: float) -> float | None:
        stretches = self._anybody()
        end = None
        # The windows of several channels end at different times.
        if len(self.channels) == 1:
            end = end_of_windows(stretches, self._spoken_until(self.heard, 0), WINDOW_SECONDS)
        return end_of_part(stretches, self.start, self.heard, reach) if end is None else end

    def _spoken_until(self, end: float, channel: int) -> list[Span]:
        kept, echoes = self._own(channel)
        spans = self._listeners[channel].divided(within(kept, self.start, end))
        # Echoes take their share of a pause, so that padding does not reach into them.
        both = sorted([*spans, *within(echoes, self.start, end)], key=lambda span: span.start)
        own = set(spans)
        return [wide for span, wide in zip(both, padded(both, self.start, end), strict=True) if span in own]

    def _own(self, channel: int) -> tuple[list[Span], list[Span]]:
        """Return the channel's stretches of speech, and those that are echoes of other channels."""
        listener = self._listeners[channel]
        stretches = listener.stretches()
        others = [other.loudness for other in self._listeners if other is not listener]
        if not others:
            return stretches, []
        frames = [(listener.index(span.start), listener.index(span.end)) for span in stretches]
        kept, echoes = without_echoes(frames, listener.loudness, others)
        return [self._span(listener, piece) for piece in kept], [self._span(listener, piece) for piece in echoes]

    def _span(self, listener: Listener, piece: FrameSpan) -> Span:
        first, last = piece
        return Span(max(self.start, listener.time(first)), min(listener.time(last), self.heard))
