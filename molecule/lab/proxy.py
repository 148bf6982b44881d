"""The one way out for the hosts of a lab: packages of Debian, kept, and tunnels for pip.

It listens on the bridge only. It fetches from the archives in the machine's own apt sources and nothing else, keeps
what never changes (packages, indexes by hash) under the cache, and hands on the rest. `CONNECT` to port 443 is for the
build host's pip; `--closed` refuses it, and everything else, for sites that reach no registry. `/wheels/` lists the
folders in which the machine's own pip looks.
"""

import argparse
import contextlib
import hashlib
import html
import http.client
import os
import select
import shutil
import socket
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import places
import sources

_KEPT = (".deb", "/by-hash/")
_CONDITIONS = ("If-Modified-Since", "If-None-Match", "Range", "If-Range")
_TUNNEL_IDLE_SECONDS = 300


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    packages: ClassVar[Path]
    archives: ClassVar[dict[str, str]]
    """The archives' addresses without their scheme, and the scheme with which this machine reaches each."""
    wheels: ClassVar[list[Path]]
    closed: ClassVar[bool]

    def do_GET(self) -> None:
        # Who has it for a proxy asks it for its own pages by their whole address.
        own = self.path.removeprefix(places.proxy_url())
        if own.startswith("/wheels") and not self.closed:
            self._answer_wheels(own.removeprefix("/wheels").strip("/"))
            return
        address = self._upstream()
        if address is None or self.closed:
            self.send_error(403, "This archive is none of the machine's own")
        elif any(part in address for part in _KEPT):
            self._answer_kept(address)
        else:
            self._hand_on(address)

    do_HEAD = do_GET

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        if self.closed or port != "443":
            self.send_error(403, "No tunnels to there")
            return
        try:
            upstream = socket.create_connection((host, 443), timeout=30)
        except OSError as error:
            self.send_error(502, str(error))
            return
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with upstream:
            _pump(self.connection, upstream)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the parent's name
        with contextlib.suppress(OSError):
            super().log_message(format, *arguments)

    def _upstream(self) -> str | None:
        bare = self.path.removeprefix("http://")
        for archive, scheme in self.archives.items():
            if bare.startswith(archive):
                return f"{scheme}://{bare}"
        return None

    def _answer_kept(self, address: str) -> None:
        file = self.packages / hashlib.sha256(address.encode()).hexdigest()
        if not file.exists():
            try:
                # Aside first: of two hosts that ask at the same time, neither may see half a file.
                with (
                    urllib.request.urlopen(address, timeout=60) as answer,
                    tempfile.NamedTemporaryFile(dir=self.packages, prefix="arriving-", delete=False) as arriving,
                ):
                    shutil.copyfileobj(answer, arriving)
                Path(arriving.name).replace(file)
            except urllib.error.HTTPError as error:
                self.send_error(error.code, error.reason)
                return
            except (OSError, http.client.HTTPException) as error:
                self.send_error(502, str(error))
                return
        self._answer_file(file)

    def _hand_on(self, address: str) -> None:
        headers = {name: self.headers[name] for name in _CONDITIONS if name in self.headers}
        request = urllib.request.Request(address, headers=headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                body = answer.read()
                self.send_response(answer.status)
                for name in ("Last-Modified", "ETag", "Content-Type", "Content-Range"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", answer.headers["Content-Length"] if not body else str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        except urllib.error.HTTPError as error:
            self.send_response(error.code)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except (OSError, http.client.HTTPException) as error:
            self.send_error(502, str(error))

    def _answer_wheels(self, name: str) -> None:
        files = {file.name: file for folder in self.wheels for file in sorted(folder.iterdir()) if file.is_file()}
        if name:
            chosen = files.get(urllib.parse.unquote(name))
            if chosen:
                self._answer_file(chosen)
            else:
                self.send_error(404)
            return
        links = (f'<a href="/wheels/{urllib.parse.quote(file)}">{html.escape(file)}</a><br>' for file in files)
        page = "\n".join(links).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def _answer_file(self, file: Path) -> None:
        with file.open("rb") as content:
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(os.fstat(content.fileno()).st_size))
            self.end_headers()
            if self.command == "GET":
                shutil.copyfileobj(content, self.wfile)


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one side ends or nothing comes for a while."""
    while ready := select.select([one, other], [], [], _TUNNEL_IDLE_SECONDS)[0]:
        for side in ready:
            data = side.recv(65536)
            if not data:
                return
            (other if side is one else one).sendall(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--closed", action="store_true", help="reach nothing, as on a closed site")
    wanted = parser.parse_args()
    Proxy.packages = places.cache() / "packages"
    Proxy.packages.mkdir(exist_ok=True)
    addresses = [urllib.parse.urlsplit(source.address) for source in sources.debian()]
    Proxy.archives = {f"{parts.netloc}{parts.path.rstrip('/')}/": parts.scheme for parts in addresses}
    Proxy.wheels = sources.wheel_folders()
    Proxy.closed = wanted.closed
    ThreadingHTTPServer((str(places.gateway()), places.PROXY_PORT), Proxy).serve_forever()


if __name__ == "__main__":
    main()
