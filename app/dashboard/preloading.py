"""What a browser is told to load with the page at once: else it finds the modules one behind the other, a way to the server each.

Read from the files themselves: whatever the page's first view comes to import is among it, and nothing else.
"""

import posixpath
import re
from collections.abc import Mapping

_BEGINNING = "main.js"
_PAGES = "app.js"
# Imports that are made at once; what is loaded later stands in `import(…)`.
_IMPORT = re.compile(r"""(?:\b(?:import|export)\b[^"'();]*?\bfrom\s*|^import\s*)["']([^"']+)["']""", re.MULTILINE)
_SHEET = re.compile(r"""@import url\(["']([^"']+)["']\)""")
# A line of the table of pages in `app.js`: address, module, style sheet.
_PAGE = re.compile(r"""\["(?P<address>/[^"]*)", \(\) => import\("(?P<module>[^"]+)"\), "(?P<sheet>\w+)\"""")
_LOGIN, _HOME = "/login", "/"


class FirstViews:
    """The modules and style sheets of each page's first view, by their paths under `static`.

    `texts` are the files by those paths, `modules` the paths of what is imported by a bare name.
    """

    def __init__(self, texts: Mapping[str, str], modules: Mapping[str, str]) -> None:
        self._texts = texts
        self._modules = modules
        self._everywhere = self._imported(_BEGINNING, {})
        self._pages = [
            (_pattern(found["address"]), found["module"].removeprefix("./"), f"styles/{found['sheet']}.css")
            for found in _PAGE.finditer(texts[_PAGES])
        ]

    def scripts(self, path: str) -> list[str]:
        """Return the modules that the page at this path cannot do without, in the order in which they are come upon."""
        found = dict(self._everywhere)
        for module, _ in self._shown_at(path):
            found = self._imported(module, found)
        return list(found)

    def sheets(self, path: str) -> list[str]:
        """Return the style sheets of the page at this path, which its module asks for; the others stand in the page."""
        found: dict[str, None] = {}
        for _, sheet in self._shown_at(path):
            found[sheet] = None
            for name in _SHEET.findall(self._texts[sheet]):
                found[posixpath.normpath(posixpath.join(posixpath.dirname(sheet), name))] = None
        return list(found)

    def _shown_at(self, path: str) -> list[tuple[str, str]]:
        # As the page itself does: after the login comes the home.
        at = _HOME if path == _LOGIN else path
        return [(module, sheet) for pattern, module, sheet in self._pages if pattern.fullmatch(at)][:1]

    def _imported(self, name: str, found: dict[str, None]) -> dict[str, None]:
        if name in found:
            return found
        found[name] = None
        for wanted in _IMPORT.findall(self._texts[name]):
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted))
            self._imported(self._modules.get(wanted, beside), found)
        return found


def _pattern(address: str) -> re.Pattern[str]:
    return re.compile(re.sub(r":\w+", "[^/]+", address) + "/?")
