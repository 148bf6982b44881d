"""A model hub and its storage on two ports of this machine: real HTTP, with what goes wrong between sites."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_a-token-of-the-tests"
_LARGE_FILE_BYTES = 1000


@dataclass
class Published:
    """A repository of the hub at one commit."""

    files: dict[str, bytes]
    commit: str = "c" * 40
    gated: bool = False
    card: dict[str, Any] = field(default_factory=lambda: {"license": "mit", "language": ["en", "fr"]})
    announced: dict[str, str] = field(default_factory=dict)
    """Checksums other than the content's."""


@dataclass
class Asked:
    """One request, as a server of the hub saw it."""

    server: str
    path: str
    range: str | None
    authorization: str | None
    sent: int = 0


class PlayedHub:
    """What the hub holds and how it behaves, and what was asked of it."""

    def __init__(self) -> None:
        self.repositories: dict[str, Published] = {}
        self.asked: list[Asked] = []
        self.cuts: list[int] = []
        """After how many bytes the next answers of the storage break off."""
        self.failures: list[int] = []
        """The statuses of the hub's next answers."""
        self.damages = 0
        """How many of the storage's next answers are of another content."""
        self.ranges = True
        self.garbage: bytes | None = None
        self.hold: threading.Event | None = None
        """An answer that breaks off waits for it, so that a test can look, or kill, meanwhile."""
        self.held = threading.Event()
        self.url = ""
        self.storage_url = ""

    def publish(self, name: str, files: dict[str, bytes], **how: Any) -> Published:
        self.repositories[name] = Published(files, **how)
        return self.repositories[name]

    def sent(self, server: str = "storage") -> int:
        """How many bytes of files have left a server."""
        return sum(each.sent for each in self.asked if each.server == server)


def oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def description(name: str, published: Published) -> dict[str, Any]:
    siblings = []
    for path, content in published.files.items():
        entry: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": oid(content)}
        if len(content) >= _LARGE_FILE_BYTES:
            sha256 = published.announced.get(path, hashlib.sha256(content).hexdigest())
            entry |= {"lfs": {"sha256": sha256, "size": len(content), "pointerSize": 130}}
        siblings.append(entry)
    return {
        "id": name, "sha": published.commit, "gated": "auto" if published.gated else False,
        "cardData": published.card, "siblings": siblings,
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: PlayedHub
    server_name = ""

    def log_message(self, *_parts: object) -> None:
        pass

    def asked(self) -> Asked:
        seen = Asked(self.server_name, self.path, self.headers.get("Range"), self.headers.get("Authorization"))
        self.hub.asked.append(seen)
        return seen

    def answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send_file(self, seen: Asked, content: bytes, cut: int | None = None) -> None:
        start = 0
        if self.hub.ranges and (asked := re.fullmatch(r"bytes=(\d+)-", seen.range or "")):
            start = int(asked[1])
        if start and start >= len(content):
            self.answer(416, b"")
            return
        rest = content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        part = rest if cut is None else rest[:cut]
        self.wfile.write(part)
        self.wfile.flush()
        seen.sent += len(part)
        if cut is not None and cut < len(rest):
            if self.hub.hold is not None:
                self.hub.held.set()
                self.hub.hold.wait(30)
            self.close_connection = True


class _HubHandler(_Handler):
    server_name = "hub"

    def do_GET(self) -> None:
        seen = self.asked()
        if self.hub.failures:
            status = self.hub.failures.pop(0)
            self.answer(status, b"", Retry_After="0")
            return
        if self.hub.garbage is not None:
            self.answer(200, self.hub.garbage, Content_Type="text/html; charset=utf-8")
            return
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path):
            self._describe(found[1], found[2])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)", path):
            self._resolve(seen, found[1], found[2], found[3])
        else:
            self.answer(404, b"")

    def _describe(self, name: str, revision: str) -> None:
        published = self.hub.repositories.get(name)
        if published is None:
            # As huggingface.co does: who may not see it is not told whether it exists.
            self.answer(401, b"", X_Error_Code="RepoNotFound")
        elif revision not in {"main", "v1.0", published.commit}:
            self.answer(404, b"", X_Error_Code="RevisionNotFound")
        else:
            self.answer(200, json.dumps(description(name, published)).encode(), Content_Type="application/json")

    def _resolve(self, seen: Asked, name: str, commit: str, path: str) -> None:
        published = self.hub.repositories[name]
        if published.gated and seen.authorization != f"Bearer {TOKEN}":
            self.answer(403 if seen.authorization else 401, b"", X_Error_Code="GatedRepo")
        elif commit != published.commit or path not in published.files:
            self.answer(404, b"", X_Error_Code="EntryNotFound")
        elif len(published.files[path]) >= _LARGE_FILE_BYTES:
            self.answer(302, b"", Location=f"{self.hub.storage_url}/{name}/{path}?signature=secret")
        else:
            self.send_file(seen, published.files[path])


class _StorageHandler(_Handler):
    server_name = "storage"

    def do_GET(self) -> None:
        seen = self.asked()
        owner, name, path = unquote(urlsplit(self.path).path).lstrip("/").split("/", 2)
        content = self.hub.repositories[f"{owner}/{name}"].files[path]
        if self.hub.damages:
            self.hub.damages -= 1
            content = content[:-1] + bytes([content[-1] ^ 1])
        self.send_file(seen, content, self.hub.cuts.pop(0) if self.hub.cuts else None)


@contextmanager
def running_hub() -> Iterator[PlayedHub]:
    """Serve a hub on one port and its storage on another until the block ends."""
    hub = PlayedHub()
    servers = []
    for handler in (_HubHandler, _StorageHandler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), type(handler.__name__, (handler,), {"hub": hub}))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
    hub.url, hub.storage_url = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def whisper_files(models_dir: Path, name: str = "tiny.en") -> dict[str, bytes]:
    """Return the files of an installed Whisper model, small ones as they are and the weights whole."""
    folder = models_dir / "whisper" / name
    names = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
    return {name: (folder / name).read_bytes() for name in names}


def small_gguf(filling: int = 5000) -> bytes:
    """Return a GGUF file with the header of a text model and some bytes in the place of weights."""
    import struct

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    def number(key: str, value: int) -> bytes:
        return text(key) + struct.pack("<II", 4, value)

    pairs = [
        text("general.architecture") + struct.pack("<I", 8) + text("llama"),
        number("llama.block_count", 4), number("llama.attention.head_count", 8),
        number("llama.attention.head_count_kv", 2), number("llama.embedding_length", 64),
        number("llama.context_length", 2048),
    ]  # fmt: skip
    return (
        b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs) + bytes(i * 7 % 251 for i in range(filling))
    )
