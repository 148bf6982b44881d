"""Log lines as journald and collectors read them."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.log_file import FileBeside
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


IN_A_FILE = """
import logging, sys
from pathlib import Path
from app.logs import configure_logging, named_in_log
configure_logging("INFO", "text", Path(sys.argv[1]))
with named_in_log(transcription="t-1"):
    logging.getLogger("app.a").info("First.")
    sys.stdin.readline()
    try:
        raise ValueError("a\\nb")
    except ValueError:
        logging.getLogger("app.a").exception("Second.")
"""


def test_a_file_gets_every_line_as_json_and_is_opened_anew_once_it_was_renamed(tmp_path: Path) -> None:
    path, renamed = tmp_path / "api.json", tmp_path / "api.json.1"
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_FILE, str(path)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stderr is not None
    assert process.stderr.readline() == "INFO    app.a: First. transcription=t-1\n"
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"))
    path.rename(renamed)
    process.communicate("\n")
    assert process.returncode == 0
    (first,) = map(json.loads, renamed.read_text().splitlines())
    (second,) = map(json.loads, path.read_text().splitlines())
    assert (first["message"], second["message"]) == ("First.", "Second.")
    assert first["transcription"] == second["transcription"] == "t-1"
    assert "ValueError: a\nb" in second["exception"]


def test_a_volume_that_does_not_take_lines_holds_nobody_up(tmp_path: Path) -> None:
    # A folder where the file ought to be: opening it fails for every line.
    program = IN_A_FILE.replace("sys.stdin.readline()", "[logging.getLogger('app.a').info('.') for _ in range(20_000)]")
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ended.stderr.count("INFO    app.a: .") == 20_000
    assert "log_file" not in ended.stderr


def test_lines_that_were_dropped_are_counted_in_the_file(tmp_path: Path) -> None:
    fifo = tmp_path / "api.json"
    os.mkfifo(fifo)  # its opening waits until somebody reads
    handler = FileBeside(fifo, most_waiting=2)
    handler.setFormatter(logging.Formatter("%(message)s"))
    for number in range(10):
        handler.handle(logging.LogRecord("a", logging.INFO, __file__, 1, "line %d", (number,), None))
    with fifo.open() as reader:
        closing = threading.Thread(target=handler.close)
        closing.start()
        lines = reader.read().splitlines()
        closing.join()
    kept = [line for line in lines if line.startswith("line ")]
    (counted,) = (line for line in lines if "could not be written" in line)
    assert int(counted.split()[0]) == 10 - len(kept)


def wait_until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.01)
