"""Server-sent events, as OpenAI streams a transcription: text as it appears, at the end the segments and all of it."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from app.api.openai.answers import Finished, diarized_segments
from app.api.openai.fields import Asked, ResponseFormat
from app.core.formats.lines import one_line
from app.core.languages import separator
from app.core.options import TranscriptionOptions

EVENTS_TYPE = "text/event-stream"

_HEADERS = {
    "Content-Type": f"{EVENTS_TYPE}; charset=utf-8",
    "Cache-Control": "no-cache",
    # Proxies that gather answers before they pass them on are told not to.
    "X-Accel-Buffering": "no",
}


class Telling:
    """What of a transcription's text was told so far: each segment of each chunk once.

    An attempt that came to nothing is made again, and tells its chunk's text from the start.
    """

    def __init__(self) -> None:
        self._told: dict[int, int] = {}

    def new_in(self, news: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the segments in an event's data that were not told yet."""
        told, offset = self._told.get(news["chunk"], 0), news["offset"]
        segments: list[dict[str, Any]] = news["segments"]
        self._told[news["chunk"]] = max(told, offset + len(segments))
        return segments[max(0, told - offset) :]


class TextStream:
    """An audience of one client: each piece of text is sent once, in the order in which it was said."""

    def __init__(self, request: web.Request, asked: Asked, headers: dict[str, str]) -> None:
        self._request = request
        self._asked = asked
        self._response = web.StreamResponse(headers=_HEADERS | headers)
        self._language: str | None = None
        self._telling = Telling()
        self._text = ""

    async def begin(self) -> None:
        await self._response.prepare(self._request)

    async def end(self) -> web.StreamResponse:
        await self._response.write_eof()
        return self._response

    async def send(self, event: dict[str, Any]) -> None:
        """Send one event. Raises `ConnectionResetError` where the client is gone."""
        await self._response.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())

    async def changed(self, summary: dict[str, Any]) -> None:
        options = TranscriptionOptions.from_dict(summary["options"])
        self._language = options.text_language(summary["language"])

    async def text(self, news: dict[str, Any]) -> None:
        for segment in self._telling.new_in(news):
            if text := one_line(segment["text"]):
                await self._delta(f"{separator(self._language) if self._text else ''}{text}")

    async def idle(self) -> None:
        """Send a comment, so that nobody on the way takes the connection for dead."""
        await self._response.write(b": still at it\n\n")

    async def finished(self, finished: Finished) -> None:
        """Send what was not told yet, and the end. The last event's text is the one that counts."""
        text = finished.text
        if text.startswith(self._text) and (len(text) > len(self._text) or not text):
            await self._delta(text[len(self._text) :])
        if self._asked.response_format is ResponseFormat.DIARIZED_JSON:
            for segment in diarized_segments(finished):
                await self.send(segment)
        await self.send({"type": "transcript.text.done", "text": text})

    async def _delta(self, text: str) -> None:
        self._text += text
        await self.send({"type": "transcript.text.delta", "delta": text})
