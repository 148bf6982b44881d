"""A running Vocalyx, measured from outside: the public HTTP API and nothing else."""

import os
import time
from pathlib import Path
from typing import Any, Self

import requests

from app.cli.instance import AccessToken, ApiKey, InstanceNotFound, Login, find_instance

POLL_SECONDS = 0.1
ANSWER_SECONDS = 60
FINAL_STATES = frozenset({"done", "error", "cancelled"})


class NotTranscribed(Exception):
    """The instance ended a transcription otherwise than `done`."""


class RunningInstance:
    """A session with an instance; what it creates there it deletes."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self._url = url
        self._session = session

    @classmethod
    def open(cls, url: str | None) -> Self:
        """Log in as the command line does: by environment or by the local first login.

        Raises `InstanceNotFound` where there is none, or none that answers.
        """
        instance = find_instance(url, os.environ)
        session = requests.Session()
        try:
            match instance.credentials:
                case AccessToken(value):
                    session.headers["Authorization"] = f"Bearer {value}"
                case ApiKey(value):
                    session.headers["X-API-Key"] = value
                case Login(username, password):
                    answer = session.post(
                        f"{instance.url}/api/auth/token",
                        json={"username": username, "password": password},
                        timeout=ANSWER_SECONDS,
                    )
                    answer.raise_for_status()
                    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        except requests.RequestException as error:
            raise InstanceNotFound(
                f"No Vocalyx answers at {instance.url} ({type(error).__name__}).",
                remedy="Start one with 'make run' and wait until it says that it is ready, then run this again.",
            ) from error
        return cls(instance.url, session)

    def transcribe(self, recording: Path, **options: str) -> tuple[dict[str, Any], str, float]:
        """Send a recording through; return the finished transcription, its RTTM, and the seconds from send to `done`."""
        started = time.monotonic()
        with recording.open("rb") as file:
            created = self._call(
                "POST", "/api/transcriptions", data=options, files={"file": (recording.name, file)}
            ).json()
        path = f"/api/transcriptions/{created['id']}"
        try:
            transcription = self._finished(path)
            seconds = time.monotonic() - started
            rttm = self._call("GET", f"{path}.rttm").text if options.get("diarization") == "true" else ""
        finally:
            self._call("DELETE", path)
        return transcription, rttm, seconds

    def _finished(self, path: str) -> dict[str, Any]:
        while True:
            transcription: dict[str, Any] = self._call("GET", path).json()
            if transcription["state"] in FINAL_STATES:
                break
            time.sleep(POLL_SECONDS)
        error = transcription["error"] or transcription["diarization"]["error"]
        if transcription["state"] != "done" or error:
            raise NotTranscribed(f"{transcription['name']}: {transcription['state']}, {error}")
        return transcription

    def _call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        answer = self._session.request(method, self._url + path, timeout=ANSWER_SECONDS, **arguments)
        answer.raise_for_status()
        return answer


def text_of(transcription: dict[str, Any]) -> str:
    """Return all that was said, in one line."""
    return " ".join(segment["text"] for segment in transcription["segments"])
