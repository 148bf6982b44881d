"""A client of a deployed site, through its balancer, with the standard library alone."""

import base64
import json
import ssl
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

ENDS = ("done", "error", "cancelled")
LONGEST_SECONDS = 1800


class Client:
    """A client of one of the site's ports, as an integrator's program is one; `authority` is a file of whom it trusts."""

    def __init__(self, base: str, authority: Path | None = None) -> None:
        self.base = base
        self.headers: dict[str, str] = {}
        self._trust = ssl.create_default_context(cafile=authority) if authority else None

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.base + path, body, self.headers | named, method=method)
        with urllib.request.urlopen(request, timeout=120, context=self._trust) as answer:
            content: bytes = answer.read()
        return content

    def call_json(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        return json.loads(self.call(method, path, body, Content_Type="application/json"))

    def status(self, path: str, **headers: str) -> int:
        """Return the status of an answer, whatever it is."""
        try:
            self.call("GET", path, None, **headers)
        except urllib.error.HTTPError as refused:
            return refused.code
        return 200

    def log_in(self, name: str, password: str) -> None:
        token = self.call_json("POST", "/api/auth/token", {"username": name, "password": password})
        self.headers["Authorization"] = f"Bearer {token['access_token']}"

    def send(self, path: str, recording: Path, **fields: str) -> Any:
        body, kind = form(recording, fields)
        return json.loads(self.call("POST", path, body, Content_Type=kind))

    def transcribe(self, recording: Path, **fields: str) -> Any:
        """Send a recording to the project `default`, made if it is missing; return what became of it, at its end."""
        if not self.call_json("GET", "/api/projects")["items"]:
            self.call_json("POST", "/api/projects", {"name": "default"})
        sent = self.send("/api/transcriptions", recording, project="default", **fields)
        end = time.monotonic() + LONGEST_SECONDS
        while (found := self.call_json("GET", f"/api/transcriptions/{sent['id']}"))["state"] not in ENDS:
            assert time.monotonic() < end, found
            time.sleep(1)
        return found


def form(recording: Path, fields: dict[str, str]) -> tuple[bytes, str]:
    """Return a form with a recording and fields, as browsers send it, and its content type."""
    mark = uuid.uuid4().hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{recording.name}"\r\n\r\n'.encode()
    body = b"".join([*parts, head, recording.read_bytes(), f"\r\n--{mark}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={mark}"


def basic(name: str, password: str) -> str:
    """Return the header by which a browser sends name and password."""
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"
