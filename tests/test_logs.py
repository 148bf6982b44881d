"""Log lines as journald and collectors read them."""

import json
import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.logs import ContextFilter, LogFormat, add_to_log, formatter, log_context, named_in_log


def line(message: str, log_format: LogFormat, /, *arguments: object, **fields: object) -> str:
    record = logging.LogRecord("app.a", logging.INFO, __file__, 1, message, arguments, None)
    record.fields = fields
    ContextFilter().filter(record)
    return formatter(log_format).format(record)


@pytest.fixture(autouse=True)
def _about_nothing() -> None:
    log_context.set({})


def test_a_line_names_what_it_is_about_for_as_long_as_that_lasts() -> None:
    add_to_log(request="r-1", user="Zoé", origin=None, job="")
    with named_in_log(transcription="t-1"):
        assert line("Took %s.", "text", "it", seconds=1) == (
            "INFO    app.a: Took it. request=r-1 user=Zoé transcription=t-1 seconds=1"
        )
    assert line("Done.", "text") == "INFO    app.a: Done. request=r-1 user=Zoé"


def test_a_json_line_holds_the_same() -> None:
    add_to_log(request="r-1")
    said = json.loads(line("Took %s.", "json", "it", seconds=1))
    assert said.pop("time").endswith("+00:00")
    assert said == {"level": "INFO", "logger": "app.a", "message": "Took it.", "request": "r-1", "seconds": "1"}


@given(st.text(), st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_whatever_is_logged_is_one_object_on_one_line(message: str, fields: dict[str, object]) -> None:
    written = line("%s", "json", message, **{f"x{name}": value for name, value in fields.items()})
    assert written.isascii()
    assert len(written.splitlines()) == 1
    said = json.loads(written)
    assert said["message"] == message
    assert {name[1:]: said[name] for name in said if name.startswith("x")} == {
        name: str(value) for name, value in fields.items()
    }


@given(st.sampled_from(["time", "level", "logger", "message"]))
def test_what_a_line_is_about_does_not_hide_what_it_says(name: str) -> None:
    assert "forged" not in json.loads(line("Said.", "json", **{name: "forged"}))[name]


def test_what_python_says_of_its_end_is_an_object_too() -> None:
    program = """
import threading, warnings
from app.logs import configure_logging
configure_logging("INFO", "json")
warnings.warn("an old thing")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise RuntimeError("the end")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    said = [json.loads(each) for each in ended.stderr.splitlines()]
    assert [each["level"] for each in said] == ["WARNING", "CRITICAL", "CRITICAL"]
    assert "an old thing" in said[0]["message"]
    assert said[1]["exception"].endswith("ZeroDivisionError: division by zero")
    assert said[2]["exception"].endswith("RuntimeError: the end")
