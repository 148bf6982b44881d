"""`vocalyx ask` as a shell sees it."""

import asyncio
import os
import sys
import uuid

from tests.cli.contract_server import API_KEY, ContractServer, contract_server


async def rest(_server: ContractServer, _transcription_id: str) -> None:
    """Nothing is transcribed."""


async def test_an_answer_is_waited_for_while_the_api_is_away() -> None:
    answer = {
        "text": "On Monday.",
        "found": True,
        "sources": [{"transcription": str(uuid.uuid4()), "segment": 0, "start": 13.2, "quote": "It opens on Monday."}],
        "segments_read": 1,
        "segments": 1,
    }
    written = {"type": "question.changed", "question": {"state": "done", "answer": answer}}
    async with contract_server(rest) as server:
        server.streams = [503, [written, {"type": "end", "code": "finished"}]]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VOCALYX_")}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app.cli.main", "ask", str(uuid.uuid4()), "When does it open?",
            env=environment | {"VOCALYX_API_URL": server.url, "VOCALYX_API_KEY": API_KEY},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(60):
            output, messages = await process.communicate()
    assert process.returncode == 0, messages.decode()
    assert output.decode() == "On Monday.\n  00:00:13  “It opens on Monday.”\n"
    assert "503" in messages.decode()
