# ruff: noqa: ASYNC240 - small files of the test itself
"""`vocalyx transcribe` as a shell sees it: what goes in, what comes out on which stream, and the exit status."""

import asyncio
import json
import os
import pty
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.contract_server import PASSWORD, ContractServer, Work, contract_server


class Outcome(NamedTuple):
    status: int
    output: str
    messages: str


async def begin(server: ContractServer, state: Path, *arguments: str) -> asyncio.subprocess.Process:
    state.mkdir(exist_ok=True)
    login = {"url": server.url, "username": "admin", "password": PASSWORD}
    (state / "first-login.json").write_text(json.dumps(login))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOCALYX_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli.main", "transcribe", *arguments,
        env=environment | {"VOCALYX_STATE": str(state)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def outcome_of(process: asyncio.subprocess.Process) -> Outcome:
    async with asyncio.timeout(60):
        output, messages = await process.communicate()
    assert b"Traceback" not in messages, messages.decode()
    assert process.returncode is not None
    return Outcome(process.returncode, output.decode(), messages.decode())


async def run(server: ContractServer, tmp_path: Path, *arguments: str) -> Outcome:
    return await outcome_of(await begin(server, tmp_path / "var", *arguments))


@pytest.fixture
def recording(tmp_path: Path) -> str:
    file = tmp_path / "call.wav"
    file.write_bytes(b"RIFF" + bytes(4_000_000))
    return str(file)


async def finish(server: ContractServer, transcription_id: str) -> None:
    await server.listened_to.wait()
    server.change(transcription_id, state="processing", stage="transcribing", percent=40.0)
    server.say(transcription_id, 3.0, "Bonjour à \x1b[31mtous.")
    server.change(transcription_id, state="transcribed", stage="done", percent=100.0)
    server.change(transcription_id, enrichment={"state": "processing", "percent": 50})
    server.change(transcription_id, state="done", enrichment={"state": "done", "percent": 100})


def ending(**fields: object) -> Work:
    async def work(server: ContractServer, transcription_id: str) -> None:
        server.change(transcription_id, **fields)

    return work


async def linger(_server: ContractServer, _transcription_id: str) -> None:
    """Work on for ever."""


async def test_the_result_alone_is_on_standard_output_and_the_way_there_on_standard_error(
    tmp_path: Path, recording: str
) -> None:
    async with contract_server(finish) as server:
        outcome = await run(server, tmp_path, recording)
    assert (outcome.status, outcome.output) == (0, "Bonjour à tous.\n")
    assert "[00:00:03] Bonjour à [31mtous." in outcome.messages
    assert "\x1b" not in outcome.messages
    for line in ("upload: 100 % of 4.0 MB", "transcription: 40 % transcribing", "enrichment: 100 % done"):
        assert line in outcome.messages
    assert PASSWORD not in outcome.messages


async def test_a_terminal_shows_bars_and_the_result_stays_clean(tmp_path: Path, recording: str) -> None:
    ours, theirs = pty.openpty()
    async with contract_server(finish) as server:
        process = await begin(server, tmp_path / "var", recording, "--quiet")
        assert (await outcome_of(process)).messages == ""
        server.listened_to.clear()
        environment = os.environ | {"VOCALYX_STATE": str(tmp_path / "var"), "TERM": "xterm", "COLUMNS": "100"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app.cli.main", "transcribe", recording,
            env=environment, stdout=asyncio.subprocess.PIPE, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        shown = bytearray()

        def read() -> None:
            try:
                shown.extend(os.read(ours, 65536))
            except OSError:  # how a terminal says that nobody writes to it any more
                asyncio.get_running_loop().remove_reader(ours)

        asyncio.get_running_loop().add_reader(ours, read)
        output, _ = await process.communicate()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
    assert (process.returncode, output.decode()) == (0, "Bonjour à tous.\n")
    assert "upload" in shown.decode()
    assert "100%" in shown.decode()
    assert "Bonjour à [31mtous." in shown.decode()


async def test_every_option_reaches_the_server_and_nothing_else_does(tmp_path: Path, recording: str) -> None:
    arguments = {
        "--language": "fr", "--model": "base", "--min-speakers": "2", "--max-speakers": "4", "--initial-prompt": "À vous",
        "--hotwords": "Vocalyx", "--llm-model": "small", "--project": "calls", "--priority": "low", "--channels": "separate",
        "--tasks": "title, actions", "--answer-language": "en", "--translation-language": "de",
    }  # fmt: skip
    flags = ["--no-diarization", "--enrichment", "--no-vad", "--no-word-timestamps", "--prompt", "title=Sois = bref"]
    async with contract_server(finish) as server:
        outcome = await run(server, tmp_path, recording, *(part for pair in arguments.items() for part in pair), *flags)
        await run(server, tmp_path, recording, "--num-speakers", "2", "--diarization", "--task-set", "call")
        all_fields, few_fields = (received["fields"] for received in server.received)
    assert outcome.status == 0
    assert all_fields == {
        "language": "fr", "model": "base", "min_speakers": "2", "max_speakers": "4", "initial_prompt": "À vous",
        "hotwords": "Vocalyx", "llm_model": "small", "project": "calls", "priority": "low", "channels": "separate", "diarization": "false", "enrichment": "true",
        "tasks": '["title", "actions"]', "answer_language": "en", "translation_language": "de",
        "vad": "false", "word_timestamps": "false", "prompts": '{"title": "Sois = bref"}', "reuse": "false",
    }  # fmt: skip
    assert few_fields == {"num_speakers": "2", "diarization": "true", "task_set": "call", "reuse": "false"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--num-speakers", "2", "--min-speakers", "1"],
        ["--num-speakers", "0"],
        ["--language", "klingon"],
        ["--prompt", "haiku=Write one"],
        ["--prompt", "title"],
        ["--tasks", "title,dance"],
        ["--tasks", "title", "--task-set", "call"],
        ["--format", "docx"],
        ["--format", "docx", "--output", "-"],
        ["--format", "odt"],
        ["--format", "rttm", "--no-diarization"],
    ],
)
async def test_a_wrong_command_line_uploads_nothing(tmp_path: Path, recording: str, arguments: list[str]) -> None:
    async with contract_server(finish) as server:
        outcome = await run(server, tmp_path, recording, *arguments)
        assert (outcome.status, server.received) == (2, [])
    assert outcome.messages


async def test_a_file_is_replaced_by_the_whole_result_and_keeps_its_mode(tmp_path: Path, recording: str) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    target.chmod(0o640)
    async with contract_server(finish) as server:
        outcome = await run(server, tmp_path, recording, "--output", str(target))
    assert (outcome.status, outcome.output) == (0, "")
    assert target.read_text() == "Bonjour à tous.\n"
    assert target.stat().st_mode & 0o777 == 0o640
    assert not list(tmp_path.glob(".*"))


async def test_a_word_document_goes_to_a_file_and_text_where_one_likes(tmp_path: Path, recording: str) -> None:
    target = tmp_path / "call.docx"
    async with contract_server(finish) as server:
        outcome = await run(server, tmp_path, recording, "--format", "docx", "--output", str(target))
        assert (outcome.status, outcome.output) == (0, "")
        assert target.read_bytes() == server.results["docx"]
    async with contract_server(finish) as server:
        outcome = await run(server, tmp_path, recording, "--format", "md")
    assert (outcome.status, outcome.output) == (0, "# Bonjour\n")


async def test_a_failed_transcription_says_why_and_leaves_the_old_file(tmp_path: Path, recording: str) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    error = {"code": "x", "detail": "The worker ran out of memory.", "remedy": "Send a shorter recording."}
    async with contract_server(ending(state="error", error=error)) as server:
        outcome = await run(server, tmp_path, recording, "--output", str(target))
    assert outcome.status == 1
    assert "The worker ran out of memory.\nSend a shorter recording." in outcome.messages
    assert target.read_text() == "old"


async def test_a_failed_enrichment_still_gives_the_transcript(tmp_path: Path, recording: str) -> None:
    failed = {"state": "error", "percent": 0, "error": {"detail": "The model is gone.", "remedy": "Install it."}}
    async with contract_server(ending(state="done", enrichment=failed)) as server:
        outcome = await run(server, tmp_path, recording)
    assert (outcome.status, outcome.output) == (3, "Bonjour à tous.\n")
    assert "The enrichment failed: The model is gone.\nInstall it." in outcome.messages


async def test_a_place_that_cannot_be_written_is_refused_before_the_upload(tmp_path: Path, recording: str) -> None:
    async with contract_server(finish) as server:
        outcome = await run(server, tmp_path, recording, "--output", str(tmp_path / "missing" / "out.txt"))
        assert (outcome.status, server.received) == (1, [])
    assert "does not exist" in outcome.messages


async def test_a_refusal_is_the_servers_own_words(tmp_path: Path, recording: str) -> None:
    async with contract_server(finish) as server:
        server.refuse_upload = {
            "status": 415, "code": "not-media", "detail": "The file's content is no audio.", "remedy": "Send a recording."
        }  # fmt: skip
        outcome = await run(server, tmp_path, recording, "--quiet")
    assert (outcome.status, outcome.output) == (1, "")
    assert outcome.messages == "Error: The file's content is no audio.\nSend a recording.\n(request id r-1)\n"


async def test_a_cancellation_by_somebody_else_is_no_success(tmp_path: Path, recording: str) -> None:
    async with contract_server(ending(state="cancelled")) as server:
        outcome = await run(server, tmp_path, recording)
    assert (outcome.status, outcome.output) == (1, "")


async def test_interrupting_cancels_on_the_server(tmp_path: Path, recording: str) -> None:
    async with contract_server(linger) as server:
        process = await begin(server, tmp_path / "var", recording)
        await server.listened_to.wait()
        process.send_signal(signal.SIGINT)
        outcome = await outcome_of(process)
        assert server.cancelled == list(server.transcriptions)
    assert (outcome.status, outcome.output) == (130, "")
    assert "cancelled" in outcome.messages


async def test_interrupting_an_upload_breaks_it_off(tmp_path: Path) -> None:
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        file.truncate(8 * 1024**3)
    async with contract_server(linger) as server:
        process = await begin(server, tmp_path / "var", str(large))
        await server.uploading.wait()
        process.send_signal(signal.SIGINT)
        outcome = await outcome_of(process)
        assert (outcome.status, server.transcriptions, server.cancelled) == (130, {}, [])
    assert "nothing was left on the server" in outcome.messages


async def test_interrupting_a_second_sending_tells_of_the_first(tmp_path: Path) -> None:
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        file.truncate(64 * 1024**2)
    async with contract_server(linger) as server:
        server.lose_answer = True
        process = await begin(server, tmp_path / "var", str(large))
        await server.sent_again.wait()
        process.send_signal(signal.SIGINT)
        outcome = await outcome_of(process)
        assert (outcome.status, len(server.transcriptions), server.cancelled) == (130, 1, [])
    assert "may have arrived all the same" in outcome.messages
    assert "nothing was left" not in outcome.messages


async def test_no_server_is_status_4(tmp_path: Path, recording: str) -> None:
    async with contract_server(finish) as server:
        await server.stop()
        outcome = await run(server, tmp_path, recording)
    assert outcome.status == 4
    assert "make run" in outcome.messages
