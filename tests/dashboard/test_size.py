"""What a browser loads before it shows the list of recordings stays small: telephones and bad lines are used, too."""

import re
from pathlib import Path

from app.dashboard.assets import Assets
from app.dashboard.modules import MODULES, STATIC, file_name

LIMIT_BYTES = 150_000
_IMPORT = re.compile(r"""\b(?:import|export)\b[^"'()]*?\bfrom\s*"([^"]+)\"""")


def _imported(path: Path, found: set[Path]) -> set[Path]:
    """Follow the imports that are made at once; what is loaded later is in `import(…)`."""
    if path in found:
        return found
    found.add(path)
    for name in _IMPORT.findall(path.read_text(encoding="utf-8")):
        target = STATIC / "modules" / file_name(name) if name in MODULES else (path.parent / name).resolve()
        _imported(target, found)
    return found


def test_the_first_view_loads_less_than_150_kilobytes_of_script() -> None:
    files = _imported(STATIC / "pages" / "home.js", _imported(STATIC / "main.js", set()))
    names = {str(path.relative_to(STATIC)) for path in files}
    # The ones that every page stands on are among them, and those for later are not.
    assert {"modules/preact.js", "modules/preact-signals.js", "components/recording_list.js"} <= names
    assert not {"modules/tus.js", "modules/wavesurfer.js"} & names
    assets = Assets()
    sizes = {name: len(assets.files[name].compressed or assets.files[name].content) for name in names}
    assert sum(sizes.values()) < LIMIT_BYTES, sizes
