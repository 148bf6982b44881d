"""Names in an archive that are safe to unpack anywhere, whatever a recording was called.

Windows takes some characters for paths, streams and wildcards, drops dots and spaces at a name's end, keeps names of
devices for itself, and does not tell large letters from small ones; macOS takes a letter apart from its accent.
"""

import re
import unicodedata
from uuid import UUID

_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff/\\:*?"<>|]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?", re.IGNORECASE)
_ENDING = re.compile(r"[a-z0-9]{1,10}")
_CHARACTERS = 60
_BYTES = 200
"""File systems take 255 of them, and the id takes 37."""
_UNNAMED = "recording"


def folder_name(name: str, transcription: UUID) -> str:
    """Return the name of a transcription's folder: what it is called, as far as that is safe, and its id.

    With the id no two are equal, on any file system.
    """
    short = _UNSAFE.sub("_", unicodedata.normalize("NFC", name))[:_CHARACTERS]
    safe = short.encode()[:_BYTES].decode(errors="ignore").strip(" .")
    if not safe or _DEVICES.fullmatch(safe):
        safe = f"{_UNNAMED} {safe}".strip()
    return f"{safe} {transcription}"


def recording_name(name: str) -> str:
    """Return the name of a recording's file: only the ending is the client's."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return f"{_UNNAMED}.{ending}" if _ENDING.fullmatch(ending) else _UNNAMED
