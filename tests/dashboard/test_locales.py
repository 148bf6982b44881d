"""Every string is there in French and in English, and every string that the page asks for is there."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from app.api import faults
from app.api.application import create_app
from app.api.documentation.problems import stable_errors
from app.core.languages import LANGUAGE_NAMES
from app.dashboard.modules import STATIC
from app.settings import Settings

NODE = Path(sys.executable).with_name("node")
# `t("key")`, also within a choice: `t(more ? "a" : "b", …)`; keys that are put together are told by their beginning.
ASKED = re.compile(r'\b(?:t|has)\((?:[^()`"]*\?\s*)?"([^"]+)"(?:\s*:\s*"([^"]+)")?')
PUT_TOGETHER = re.compile(r"\b(?:t|has)\(`([^`$]+)\$\{")


@pytest.fixture(scope="module")
def locales() -> dict[str, dict[str, object]]:
    program = """
        const told = {};
        for (const name of ["en", "fr"]) told[name] = (await import(`${process.argv[1]}/locales/${name}.js`))[name];
        console.log(JSON.stringify(told));
    """
    said = subprocess.run(
        [NODE, "--input-type=module", "-e", program, STATIC.as_uri()],
        capture_output=True,
        check=True,
    )
    return json.loads(said.stdout)


def _forms(text: object) -> dict[str, str]:
    return text if isinstance(text, dict) else {"other": str(text)}


def _places(text: object) -> set[str]:
    return {place for form in _forms(text).values() for place in re.findall(r"\{(\w+)\}", form)}


def test_both_languages_have_the_same_strings(locales: dict[str, dict[str, object]]) -> None:
    assert sorted(locales["en"].keys() ^ locales["fr"].keys()) == []
    for key, text in locales["en"].items():
        assert _places(text) == _places(locales["fr"][key]), key
        assert _forms(text).keys() == _forms(locales["fr"][key]).keys(), key


def test_no_string_is_written_in_two_places() -> None:
    for language in ("en", "fr"):
        parts = (STATIC / "locales" / language).glob("*.js")
        keys = [
            key
            for part in parts
            for key in re.findall(r'^  "([^"]+)":', part.read_text(encoding="utf-8"), re.MULTILINE)
        ]
        assert [key for key, times in Counter(keys).items() if times > 1] == []


def test_no_string_is_empty_or_left_in_the_other_language(locales: dict[str, dict[str, object]]) -> None:
    for language in locales.values():
        assert [key for key, text in language.items() if not all(form.strip() for form in _forms(text).values())] == []
    same = {
        key
        for key, text in locales["en"].items()
        if text == locales["fr"][key] and any(len(form) > 30 and " " in form for form in _forms(text).values())
    }
    assert same == set()


def test_no_french_line_breaks_before_a_sign(locales: dict[str, dict[str, object]]) -> None:
    # No-break spaces stand there: a wide one with the colon and in guillemets, a narrow one with ; ? ! and %.
    loose = re.compile(r" [:;?!%»]|« ")
    assert [key for key, text in locales["fr"].items() if any(map(loose.search, _forms(text).values()))] == []


def test_what_the_page_asks_for_is_there(locales: dict[str, dict[str, object]]) -> None:
    known = locales["en"].keys()
    asked = 0
    for path in STATIC.rglob("*.js"):
        if path.parent.name == "modules" or "locales" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        for found in ASKED.findall(text):
            for key in filter(None, found):
                assert key in known, f"{path.name} asks for {key}"
                asked += 1
        for beginning in PUT_TOGETHER.findall(text):
            assert any(key.startswith(beginning) for key in known), f"{path.name} asks for {beginning}…"
    assert asked > 100


# What the page does not do, or does by programs that answer for themselves.
NOT_MET = {
    "checksum-mismatch", "idempotency-key-used", "job-superseded", "method-not-allowed", "missing-scope", "not-acceptable",
    "precondition-required", "range-not-satisfiable", "tus-version", "upload-offset", "wrong-content-type",
}  # fmt: skip


def test_what_the_api_refuses_is_said_in_the_language_of_the_page(locales: dict[str, dict[str, object]]) -> None:
    known = {key.removeprefix("error.") for key in locales["fr"] if key.startswith("error.")}
    create_app(Settings())  # whatever it loads may answer with errors of its own
    assert stable_errors().keys() - known == NOT_MET
    said = {key.removeprefix("fault.") for key in locales["fr"] if key.startswith("fault.")}
    assert set(faults.CODES.values()) | {"wrong-type"} <= said
    # Those that stand in the code itself, at the field that they are about.
    sources = "".join(path.read_text(encoding="utf-8") for path in (STATIC.parents[1]).rglob("*.py"))
    own = set(re.findall(r'(?:"code": |PydanticCustomError\(\s*|fault = )"([a-z]+(?:-[a-z]+)*)"', sources))
    assert {"taken", "same", "before-audio", "in-the-past"} <= own
    # Those of an archive's list of what is missing are for programs.
    assert own - said - known == {"deleted-meanwhile", "not-finished", "recording-damaged"}


# What ends before there is a job to report on, or at the command line.
NOT_OF_A_RECORDING = {
    "api-unreachable", "key-refused", "malformed-order", "model-fetch-failed", "model-pull-failed", "model-refused",
    "models-folder-unwritable", "no-internal-key", "not-enough-space", "not-the-api", "worker-name-taken",
}  # fmt: skip
# Said of files before there is a recording, and of recordings afterwards.
OF_THE_FILE = {
    "damaged-media",
    "empty-upload",
    "fetch-failed",
    "no-audio",
    "not-media",
    "unknown-model",
    "upload-too-large",
}


def test_why_a_recording_failed_and_the_way_out_is_said_in_both_languages(
    locales: dict[str, dict[str, object]],
) -> None:
    folders = [STATIC.parents[1] / name for name in ("workers", "media", "catalog")]
    sources = "".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))
    codes = set(re.findall(r'^    code = "([a-z-]+)"$', sources, re.MULTILINE)) | {"worker-lost"}
    assert "voices-unfit" in codes
    for language in locales.values():
        assert {code for code in codes if f"error.{code}" not in language} == NOT_OF_A_RECORDING
        for code in (codes | OF_THE_FILE) - NOT_OF_A_RECORDING:
            sentences = re.findall(r"[^.!?]+[.!?](?=\s|$)", str(language[f"error.{code}"]))
            assert len(sentences) >= 2, f"{code} has no way out"


def test_the_page_knows_the_languages_of_the_speech_models() -> None:
    text = (STATIC / "model" / "languages.js").read_text(encoding="utf-8")
    [codes] = re.findall(r'CODES =\s*"([^"]+)"', text)
    assert codes.split() == sorted(LANGUAGE_NAMES)
