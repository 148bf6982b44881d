"""Unpacks the browser that npm fetched: headless Chromium and the libraries it needs, without root."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKED = HERE / "node_modules/@sparticuz/chromium/bin"
BROWSER = HERE / "node_modules/.browser"
ARCHIVES = ("al2023.tar.br", "swiftshader.tar.br", "fonts.tar.br")

# Brotli is in Node.js, and not in Python's own library.
_DECOMPRESS = "process.stdin.pipe(require('zlib').createBrotliDecompress()).pipe(process.stdout)"


# Its own looks for fonts where a cloud's functions have theirs. A browser without any dies at the first button.
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{browser}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{browser}/fonts-cache</cachedir>
</fontconfig>
"""


def unpack() -> None:
    """Make the browser's folder anew."""
    shutil.rmtree(BROWSER, ignore_errors=True)
    BROWSER.mkdir(parents=True)
    _decompress(PACKED / "chromium.br", BROWSER / "chromium")
    (BROWSER / "chromium").chmod(0o755)
    for name in ARCHIVES:
        archive = BROWSER / name.removesuffix(".br")
        _decompress(PACKED / name, archive)
        with tarfile.open(archive) as opened:
            opened.extractall(BROWSER, filter="data")
        archive.unlink()
    (BROWSER / "fonts.conf").write_text(_FONTS.format(browser=BROWSER), encoding="utf-8")


def _decompress(source: Path, target: Path) -> None:
    node = Path(sys.executable).with_name("node")
    with source.open("rb") as packed, target.open("wb") as unpacked:
        subprocess.run([node, "-e", _DECOMPRESS], stdin=packed, stdout=unpacked, check=True)


if __name__ == "__main__":
    unpack()
