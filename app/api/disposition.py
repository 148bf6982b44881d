"""What a browser names a file that it saves (RFC 6266, RFC 8187)."""

import re
from urllib.parse import quote

# What some file system takes for a path, a stream or a wildcard, what ends a header, and halves of characters.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff/\\:*?"<>|]')
# RFC 6266, appendix D: readers that know no `filename*` decode percents, or do not, as they please.
_NOT_PLAIN = re.compile(r"[^ !#$&+.0-9@A-Z^_`a-z{}~(),;=\[\]-]")
_NAME_CHARACTERS = 150
_ENDING_CHARACTERS = 10
_UNNAMED = "recording"


def document_name(recording: str, ending: str) -> str:
    """Return the name of a document that was made of a recording: with this ending in place of its own."""
    return f"{recording.rpartition('.')[0] or recording}.{ending}"


def content_disposition(name: str) -> str:
    """Return the header's value by which a file is shown where it can be, and saved under a name that is safe to have."""
    safe = _UNSAFE.sub("_", name).strip(" .") or _UNNAMED
    if len(safe) > _NAME_CHARACTERS:
        ending = safe.rpartition(".")[2][:_ENDING_CHARACTERS]
        safe = f"{safe[: _NAME_CHARACTERS - len(ending) - 1]}.{ending}"
    plain = _NOT_PLAIN.sub("_", safe)
    if plain == safe:
        return f'inline; filename="{plain}"'
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
