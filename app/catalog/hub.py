"""Speaks with a model hub: what a repository holds, and its files, continued where an earlier download stopped.

`huggingface_hub` is not used: it is not among what the API and the command line install, and its version 2 throws a
partial download away (under a name of its own a process) instead of continuing it, and compares sizes, not checksums.

The hub's own metadata, read over the same connection, names a checksum for every file: SHA-256 for what is in large file
storage, git's SHA-1 for the rest. A partial file is kept under that checksum, so what is continued is the same content
whatever the hub's answer was called meanwhile (ETag), and the whole is checked against it.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
import urllib3

from app.catalog.errors import ModelPullFailed, NotEnoughSpace
from app.catalog.hub_access import DEFAULT_HUB, checked_url, hub_session
from app.catalog.repository import HubFile, Repository, content_matches, described

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
WORTHWHILE_BYTES = 1024 * 1024
"""An attempt that brought so much does not count as one that failed."""

_TIMEOUT_SECONDS = (10, 60)
_BLOCK_BYTES = 256 * 1024
_LARGEST_ANSWER_BYTES = 32 * 1024 * 1024

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]{0,127}", re.ASCII)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")

Say = Callable[[str], None]


class _Interrupted(Exception):
    """Something that may pass: the connection, the hub's load. `pause` is what the hub asked for, in seconds."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        self.reason = reason
        self.pause = pause
        super().__init__(reason)


class Hub:
    """A hub that answers like huggingface.co. `say` is told what goes wrong and will be tried again."""

    def __init__(
        self,
        url: str = DEFAULT_HUB,
        token: str | None = None,
        *,
        say: Say = lambda _text: None,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self.url = checked_url(url, with_token=token is not None)
        self._host = urlsplit(self.url).netloc
        self._say = say
        self._first_pause = first_pause_seconds
        self._has_token = token is not None
        self._session = hub_session(token)

    def close(self) -> None:
        self._session.close()

    def repository(self, name: str, revision: str = "main") -> Repository:
        """Return what the repository holds at `revision`: a branch, a tag or a commit. Raises `ModelPullFailed`."""
        if not _REPOSITORY.fullmatch(name) or ".." in name:
            raise ModelPullFailed(
                f"{name[:100]!r} is not the name of a repository.",
                remedy="Name it as OWNER/NAME, or OWNER/NAME@REVISION.",
            )
        if not _REVISION.fullmatch(revision) or ".." in revision:
            raise ModelPullFailed(
                f"{revision[:100]!r} is not a revision.", remedy="Name a branch, a tag or a commit of the repository."
            )
        # Slashes in the names of branches are part of one component.
        url = f"{self.url}/api/models/{name}/revision/{quote(revision, safe='')}"
        answer = self._patiently(lambda: self._json(f"{url}?blobs=true", f"{name}@{revision}"))
        return self._described(name, answer)

    def download(
        self, repository: Repository, file: HubFile, target: Path, progress: Callable[[int], None] = lambda _bytes: None
    ) -> None:
        """Bring `target` to the file's whole content; what it holds already is kept. Raises `ModelPullFailed`.

        `progress` is told how many bytes are there. A file with another checksum is thrown away and tried once more.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        self._fetch_rest(repository, file, target, progress)
        if content_matches(target, file.digest):
            return
        target.unlink()
        self._say(f"{file.path} arrived with another checksum: once more, from its beginning")
        self._fetch_rest(repository, file, target, progress)
        if not content_matches(target, file.digest):
            target.unlink()
            raise ModelPullFailed(
                f"{file.path} of {repository.name} arrived twice with another checksum than {self._host} states"
                f" ({file.digest}).",
                remedy="Something on the way changes it, or the mirror's copy is damaged: ask who runs it, or pull from"
                " another hub with --hub.",
            )

    def _fetch_rest(self, repository: Repository, file: HubFile, target: Path, progress: Callable[[int], None]) -> None:
        url = f"{self.url}/{repository.name}/resolve/{repository.commit}/{quote(file.path)}"
        what = f"{file.path} of {repository.name}"
        target.touch()
        if target.stat().st_size > file.size:
            os.truncate(target, 0)
        failures = 0
        while (have := target.stat().st_size) < file.size:
            try:
                self._receive(url, what, file, target, progress)
            except _Interrupted as interruption:
                failed = interruption
            else:
                # A server that names no length ends an answer by closing the connection, early or not.
                if target.stat().st_size == file.size:
                    return
                failed = _Interrupted("the connection was closed before the end")
            failures = 1 if target.stat().st_size - have >= WORTHWHILE_BYTES else failures + 1
            if failures >= ATTEMPTS:
                raise self._gave_up(what, failed) from failed
            self._pause(failures, failed)

    def _receive(self, url: str, what: str, file: HubFile, target: Path, progress: Callable[[int], None]) -> None:
        """Append to `target` what one answer brings."""
        have = target.stat().st_size
        # Not compressed: a range of a compressed answer is no range of the file.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with self._get(url, what, headers) as response, _writing(target), target.open("r+b") as part:
            if have and response.status_code == requests.codes.ok:
                have = 0  # a server without ranges begins anew
            elif have and not _continues(response, have, file.size):
                part.truncate(0)
                raise _Interrupted("it answered with another part of the file than was asked for")
            part.truncate(have)
            part.seek(have)
            progress(have)
            try:
                while block := _block(response):
                    if have + len(block) > file.size:
                        part.truncate(0)
                        raise _Interrupted(f"it sent more than the {file.size} bytes that it had announced")
                    part.write(block)
                    part.flush()  # so that who is killed loses nothing that had arrived
                    have += len(block)
                    progress(have)
            finally:
                os.fsync(part.fileno())

    def _json(self, url: str, what: str) -> Any:
        with self._get(url, what, {"Accept": "application/json"}) as response:
            text = bytearray()
            while (block := _block(response)) and len(text) < _LARGEST_ANSWER_BYTES:
                text += block
            try:
                return json.loads(text)
            except (ValueError, RecursionError) as error:
                kind = response.headers.get("Content-Type", "no type").partition(";")[0][:60]
                raise self._not_a_hub(f"it answers with {kind} instead of a description of {what}") from error

    @contextmanager
    def _get(self, url: str, what: str, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        """Ask; yield the answer if it is one of content. Raises `_Interrupted` and `ModelPullFailed`."""
        try:
            response = self._session.get(url, headers=dict(headers), stream=True, timeout=_TIMEOUT_SECONDS)
        except requests.exceptions.SSLError as error:
            raise ModelPullFailed(
                f"{self._host} shows a certificate that this machine does not trust.",
                remedy="For a mirror or a proxy with a certificate of your own, name its authority in REQUESTS_CA_BUNDLE.",
            ) from error
        except requests.Timeout as error:
            raise _Interrupted("it did not answer in time") from error
        except requests.ConnectionError as error:
            raise _Interrupted("it cannot be reached") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._not_a_hub(f"its answer cannot be followed ({type(error).__name__})") from error
        with response:
            if response.status_code not in (requests.codes.ok, requests.codes.partial_content):
                self._refuse(response, what)
            yield response

    def _refuse(self, response: requests.Response, what: str) -> None:
        status = response.status_code
        if status == requests.codes.too_many_requests or status >= requests.codes.internal_server_error:
            raise _Interrupted(f"it answered {status}", _seconds(response.headers.get("Retry-After")))
        if status == requests.codes.requested_range_not_satisfiable:
            raise _Interrupted("it has less of the file than is here already")
        if status in (requests.codes.unauthorized, requests.codes.forbidden):
            raise self._locked(response, what)
        if status == requests.codes.not_found:
            raise ModelPullFailed(
                f"{self._host} has no {what} (404).",
                remedy="Check the name, the revision and the file; a mirror may hold only a part of what the hub has.",
            )
        raise self._not_a_hub(f"it answered {status} to the question for {what}")

    def _locked(self, response: requests.Response, what: str) -> ModelPullFailed:
        variable = "HF_TOKEN" if self.url == DEFAULT_HUB else "VOCALYX_HUB_TOKEN"
        token = f"put a read token of your account ({self.url}/settings/tokens) into {variable}"
        if response.headers.get("X-Error-Code") == "GatedRepo":
            page = f"{self.url}/{what.rpartition(' of ')[2].partition('@')[0]}"
            accept = f"Open {page}, log in and accept the licence"
            remedy = (
                f"{accept} with the account that the token belongs to; a fine-grained token also needs the permission to"
                " read gated repositories."
                if self._has_token
                else f"{accept}; then {token}."
            )
            return ModelPullFailed(f"{what} is gated: {self._host} answered {response.status_code}.", remedy=remedy)
        remedy = (
            "Check the name, and that the token is valid and may read it."
            if self._has_token
            else f"Check the name; if it is private, {token}."
        )
        return ModelPullFailed(
            f"{self._host} does not show {what} ({response.status_code}): there is none, or it is not for everybody.",
            remedy=remedy,
        )

    def _described(self, name: str, answer: Any) -> Repository:
        try:
            return described(name, answer)
        except ValueError as error:
            raise self._not_a_hub(f"its description of {name} cannot be used: {error}") from error

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        failures = 0
        while True:
            try:
                return ask()
            except _Interrupted as interruption:
                failures += 1
                if failures >= ATTEMPTS:
                    raise self._gave_up("the repository", interruption) from interruption
                self._pause(failures, interruption)

    def _pause(self, failures: int, interruption: _Interrupted) -> None:
        pause = max(self._first_pause * 2 ** (failures - 1), min(interruption.pause, LONGEST_PAUSE_SECONDS))
        self._say(f"{self._host}: {interruption.reason}; again in {pause:.0f} s ({failures} of {ATTEMPTS - 1})")
        time.sleep(pause)

    def _gave_up(self, what: str, interruption: _Interrupted) -> ModelPullFailed:
        return ModelPullFailed(
            f"{what} could not be had from {self._host}: {interruption.reason}, {ATTEMPTS} times.",
            remedy="What arrived is kept: run it again when the network is back (proxies are taken from HTTPS_PROXY). On a"
            " site without one, name a mirror with --hub or VOCALYX_HUB_URL, or carry the model in: 'vocalyx models"
            " import FOLDER'.",
        )

    def _not_a_hub(self, reason: str) -> ModelPullFailed:
        return ModelPullFailed(
            f"{self._host} does not answer like a model hub: {reason}.",
            remedy="Check --hub or VOCALYX_HUB_URL, and whether a proxy or a login page stands before it.",
        )


def _block(response: requests.Response) -> bytes:
    """Return what has arrived, as soon as something has; nothing at the end."""
    try:
        block: bytes = response.raw.read1(_BLOCK_BYTES, decode_content=True)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _Interrupted("the connection was lost") from error
    return block


def _continues(response: requests.Response, have: int, size: int) -> bool:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return found is not None and int(found[1]) == have and found[2] in {"*", str(size)}


def _seconds(text: str | None) -> float:
    """Return the seconds of a Retry-After header; 0 where it has none or names a date."""
    return float(text) if text is not None and text.isdigit() else 0.0


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Say what it means when the volume takes no more."""
    try:
        yield
    except OSError as error:
        raise NotEnoughSpace(f"{target.parent} takes no more data: {error.strerror or error}.") from error
