"""The archive of a project, transcription by transcription, with a manifest of what is in it and of what is not."""

import asyncio
import datetime as dt
import hashlib
import json
import logging
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, suppress
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

from aiohttp import web

import app
from app.api.credentials.authentication import authenticator, credentials
from app.api.exports.archive import Archive
from app.api.exports.names import folder_name, recording_name
from app.api.keys import DATABASE, PRINCIPAL, UPLOADS
from app.api.rendering import document_of, has_finished_text
from app.api.volume.threads import on_volume
from app.core.access import Principal
from app.core.errors import DependencyDown, NotFound
from app.core.formats import render_transcript
from app.core.formats.presentation import AS_USUAL
from app.db import exports
from app.db.exports import Contents, Place
from app.db.transcriptions import Recording
from app.media.recordings import RecordingMissing, locate

Result = TypeVar("Result")

_BLOCK_BYTES = 256 * 1024
_KEPT_IN_MEMORY_BYTES = 1024 * 1024
_CREDENTIALS_CHECK_SECONDS = 60.0
_DOCUMENTS = {"transcript.json": "json", "transcript.txt": "txt", "transcript.srt": "srt"}
_TEXT = ("segments", "speakers", "dropped")

# A server that is started again meanwhile must not cost hours of export.
_TRIES = 6
_PAUSE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class ProjectExport:
    """One archive for one request. Its memory is that of the largest transcript, whatever the project holds."""

    def __init__(self, request: web.Request, project: UUID, *, recordings: bool) -> None:
        self._request = request
        self._database = request.app[DATABASE]
        self._authenticate = authenticator(request.app, *credentials(request))
        self._root = request.app[UPLOADS].root
        self._principal: Principal = request[PRINCIPAL]
        self._checked = time.monotonic()
        self._project = project
        self._recordings = recordings
        self._began = dt.datetime.now(dt.UTC)
        self._archive = Archive()
        self._files = _Lines()
        self._missing = _Lines()

    async def open(self) -> str:
        """Read the project, and return its name. Raises what the request deserves."""
        self._about = await self._database.run(exports.open_project, self._principal, self._project)
        name: str = self._about["name"]
        return name

    def close(self) -> None:
        for part in (self._archive, self._files, self._missing):
            part.close()

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """Give the archive. Raises where it cannot be ended: a broken one has no directory, and no reader takes it."""
        yield await self._file("project.json", _json(self._about), self._began)
        count = 0
        behind: Place | None = None
        while places := await self._ask(exports.page, self._project, self._began, behind):
            for place in places:
                async with aclosing(self._transcription(place.id)) as blocks:
                    async for block in blocks:
                        yield block
                count += 1
            behind = places[-1]
        async for block in self._questions():
            yield block
        async for block in self._manifest(count):
            yield block
        for block in self._archive.directory():
            yield block

    async def _transcription(self, identifier: UUID) -> AsyncGenerator[bytes, None]:
        try:
            contents = await self._ask(exports.read_transcription, identifier)
        except NotFound:
            self._missing.add({"transcription": str(identifier), "what": "all of it", "code": "deleted-meanwhile"})
            return
        folder = f"transcriptions/{folder_name(contents.body['name'], identifier)}"
        for name, content in await asyncio.to_thread(_documents, contents):
            yield await self._file(f"{folder}/{name}", content, contents.created_at)
        if not has_finished_text(contents.body):
            self._missing.add({"transcription": str(identifier), "what": "transcript", "code": "not-finished"})
        if not self._recordings:
            return
        if contents.recording is not None:
            path = f"{folder}/{recording_name(contents.recording.name)}"
            recording = self._recording(identifier, path, contents.recording, contents.created_at)
            async with aclosing(recording) as blocks:
                async for block in blocks:
                    yield block
        else:
            code = "recording-removed" if contents.body["audio_removed_at"] else "not-here"
            self._missing.add({"transcription": str(identifier), "what": "recording", "code": code})

    async def _questions(self) -> AsyncGenerator[bytes, None]:
        """Give what was asked over the whole project, page by page."""
        asked = _Lines()
        try:
            behind: Place | None = None
            while True:
                page, behind = await self._ask(exports.page_of_questions, self._project, behind)
                if behind is None:
                    break
                for question in page:
                    asked.add(question)
            digest, size = hashlib.sha256(), 0
            yield self._archive.begin("questions.json", self._began)
            for block in (b"[", *asked.joined(), b"]\n"):
                digest.update(block)
                size += len(block)
                yield await asyncio.to_thread(self._archive.add, block)
            yield self._archive.end()
        finally:
            asked.close()
        self._files.add({"path": "questions.json", "sha256": digest.hexdigest(), "bytes": size})

    async def _recording(
        self, identifier: UUID, path: str, recording: Recording, moment: dt.datetime
    ) -> AsyncGenerator[bytes, None]:
        """Give a recording block by block. One that vanishes ends where it does, which the manifest tells."""
        lacks = {"transcription": str(identifier), "what": "recording"}
        try:
            file = await _patiently(lambda: self._request.app[UPLOADS].open(self._opened, recording))
        except RecordingMissing as error:
            self._missing.add(lacks | {"code": error.code})
            return
        digest, size = hashlib.sha256(), 0
        try:
            yield self._archive.begin(path, moment)
            while block := await self._read(file, identifier):
                digest.update(block)
                size += len(block)
                yield await asyncio.to_thread(self._archive.add, block)
            yield self._archive.end()
        finally:
            with suppress(OSError):  # of a volume that went away: what was read is read
                file.close()
        self._files.add({"path": path, "sha256": digest.hexdigest(), "bytes": size})
        if digest.hexdigest() != recording.sha256:
            self._missing.add(lacks | {"code": "recording-damaged", "path": path, "sha256": recording.sha256})

    def _opened(self, recording: Recording) -> BinaryIO:
        """Open a recording. Raises `RecordingMissing`, or `DependencyDown` where all recordings are out of reach."""
        try:
            return locate(self._root, recording.audio_path).open("rb", buffering=0)
        except FileNotFoundError as error:
            raise RecordingMissing from error
        except OSError as error:
            raise DependencyDown("The uploads volume does not answer.") from error

    async def _read(self, file: BinaryIO, identifier: UUID) -> bytes:
        try:
            return await on_volume(file.read, _BLOCK_BYTES)
        except OSError as error:
            logger.warning(
                "a recording broke off while it was exported: %s",
                error,
                extra={"fields": {"transcription": identifier}},
            )
            return b""

    async def _file(self, path: str, content: bytes, moment: dt.datetime) -> bytes:
        self._files.add({"path": path, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)})
        return await asyncio.to_thread(self._archive.whole, path, content, moment)

    async def _manifest(self, count: int) -> AsyncGenerator[bytes, None]:
        head = {
            "vocalyx": app.__version__,
            "project": {"id": self._about["id"], "name": self._about["name"]},
            "exported_at": self._began.isoformat(timespec="seconds"),
            "recordings": self._recordings,
            "transcriptions": count,
        }
        yield self._archive.begin("manifest.json", self._began)
        yield self._archive.add(json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "files": [')
        for block in self._files.joined():
            yield self._archive.add(block)
        yield self._archive.add(b'], "missing": [')
        for block in self._missing.joined():
            yield self._archive.add(block)
        yield self._archive.add(b"]}\n")
        yield self._archive.end()

    async def _ask(self, unit: Callable[..., Result], *arguments: Any) -> Result:
        """Run a unit of work as whoever asks; credentials are looked at again now and then: an export takes hours."""
        if time.monotonic() - self._checked >= _CREDENTIALS_CHECK_SECONDS:
            self._principal = await _patiently(self._authenticate)
            self._checked = time.monotonic()
        found: Result = await _patiently(lambda: self._database.run(unit, self._principal, *arguments))
        return found


class _Lines:
    """JSON objects kept aside until all of them are known."""

    def __init__(self) -> None:
        self._file: Any = tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY_BYTES)  # noqa: SIM115 - see `close`
        self._empty = True

    def close(self) -> None:
        self._file.close()

    def add(self, values: dict[str, Any]) -> None:
        self._file.write((b"" if self._empty else b",") + b"\n" + json.dumps(values, ensure_ascii=False).encode())
        self._empty = False

    def joined(self) -> Iterator[bytes]:
        self._file.seek(0)
        while block := self._file.read(_BLOCK_BYTES):
            yield block


def _documents(contents: Contents) -> list[tuple[str, bytes]]:
    """Return the files of a transcription by name, but for its recording."""
    body = contents.body
    files = [("metadata.json", _json({name: value for name, value in body.items() if name not in _TEXT}))]
    if has_finished_text(body):
        document = document_of(body, contents.diarization)
        files += [(name, render_transcript(document, kind, AS_USUAL).content) for name, kind in _DOCUMENTS.items()]
    return [
        *files,
        ("machine.json", _json({"segments": contents.machine, "dropped": body["dropped"]})),
        ("history.json", _json(contents.history)),
        ("speakers.json", _json(body["speakers"])),
        ("enrichments.json", _json(contents.enrichments)),
        ("notes.json", _json(contents.notes)),
        ("questions.json", _json(contents.questions)),
    ]


def _json(values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False, indent=1).encode()


async def _patiently(attempt: Callable[[], Any]) -> Any:
    """Do it, and do it again where a server is away for some seconds."""
    for left in range(_TRIES - 1, -1, -1):
        try:
            return await attempt()
        except DependencyDown:
            if not left:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
    raise DependencyDown
