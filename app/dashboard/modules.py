"""Which modules of others the page is built on: `python -m app.dashboard.modules` copies them from npm's folder.

Versions are in package.json, hashes in package-lock.json. Nothing is bundled: a browser gets the files as their makers
wrote them, by the names that an import map gives.
"""

import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
FOLDER = STATIC / "modules"

MODULES = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.mjs",
    "@preact/signals": "@preact/signals/dist/signals.mjs",
    "htm": "htm/dist/htm.mjs",
    "htm/preact": "htm/preact/index.mjs",
    "wavesurfer.js": "wavesurfer.js/dist/wavesurfer.esm.js",
}
"""The import map: the name in our files, and the file in npm's folder."""

SCRIPTS = {"tus": "tus-js-client/dist/tus.min.js"}
"""Scripts that are no modules; the page loads them when it needs them."""


def file_name(name: str) -> str:
    """Return what a module is called in `static/modules`."""
    return name.removeprefix("@").removesuffix(".js").replace("/", "-") + ".js"


def copy(source: Path, target: Path = FOLDER) -> None:
    """Put the modules where pages find them, and nothing else there."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, path in (MODULES | SCRIPTS).items():
        shutil.copyfile(source / path, target / file_name(name))


if __name__ == "__main__":
    copy(HERE / "node_modules")
