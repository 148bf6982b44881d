"""The page's files, as browsers get them: read once, compressed once, named by a hash of them all.

Everything but the page itself has an address that changes with the content, and may be kept for ever; a new release is
a new address for all, so that no browser ever mixes two.
"""

import gzip
import hashlib
import json
import secrets
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from app.dashboard.modules import FOLDER, MODULES, STATIC, file_name
from app.dashboard.preloading import FirstViews

TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".html": "text/html",
}
_PAGE = "index.html"
_READ_FOR_IMPORTS = {TYPES[".js"], TYPES[".css"]}
_LEAST_COMPRESSED_BYTES = 256


class ModulesMissing(RuntimeError):
    """The modules were not fetched: the set-up does that (`make run`, or `requirements/install.py dashboard`)."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, the same compressed (gzip) where that is shorter, its media type, its strong tag."""

    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> "Asset":
        packed = gzip.compress(content, mtime=0) if len(content) >= _LEAST_COMPRESSED_BYTES else None
        return cls(
            content,
            packed if packed and len(packed) < len(content) else None,
            media_type,
            f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        )


@dataclass(frozen=True, slots=True)
class Page:
    """The one page, with a policy that lets it load what is here and nothing else; `nonce` is new each time.

    The nonce is for styles that a module makes as it runs (wavesurfer.js draws in a shadow tree of its own).
    """

    text: str
    policy: str


class Assets:
    """Every file under `static`, by its path there, and the page that loads them."""

    def __init__(self, folder: Path = STATIC) -> None:
        if not (FOLDER / file_name("preact")).is_file():
            raise ModulesMissing(
                "The page's modules are not here. Fetch them: python3.11 requirements/install.py dashboard"
            )
        self.files = {
            str(path.relative_to(folder)): Asset.of(path.read_bytes(), TYPES[path.suffix])
            for path in sorted(folder.rglob("*"))
            if path.suffix in TYPES and path.name != _PAGE
        }
        digest = hashlib.sha256()
        for name, asset in self.files.items():
            digest.update(f"{name}\0{asset.etag}\0".encode())
        self.version = digest.hexdigest()[:16]
        self._prefix = f"/assets/{self.version}"
        imports = {name: f"{self._prefix}/modules/{file_name(name)}" for name in MODULES}
        self._import_map = json.dumps({"imports": imports}, separators=(",", ":"))
        self._template = (folder / _PAGE).read_text(encoding="utf-8")
        texts = {
            name: asset.content.decode() for name, asset in self.files.items() if asset.media_type in _READ_FOR_IMPORTS
        }
        self._first_views = FirstViews(texts, {name: f"modules/{file_name(name)}" for name in MODULES})

    def page(self, path: str = "/") -> Page:
        """Return the page as it is at this path, under a policy of its own."""
        nonce = secrets.token_urlsafe(18)
        text = (
            self._template.replace("{preloads}", self._preloads(path))
            .replace("{assets}", self._prefix)
            .replace("{import_map}", self._import_map)
            .replace("{nonce}", nonce)
        )
        return Page(text, _policy(self._import_map, nonce))

    def _preloads(self, path: str) -> str:
        scripts = (f'<link rel="modulepreload" href="{{assets}}/{name}" />' for name in self._first_views.scripts(path))
        sheets = (
            f'<link rel="preload" as="style" href="{{assets}}/{name}" />' for name in self._first_views.sheets(path)
        )
        return "\n    ".join((*sheets, *scripts))


def _policy(import_map: str, nonce: str) -> str:
    digest = b64encode(hashlib.sha256(import_map.encode()).digest()).decode("ascii")
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'sha256-{digest}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
