"""The document held against the running API by schemathesis: generated requests, right and wrong, all of its checks on.

No answer may be a 5xx, undocumented, or shaped otherwise than the document says.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

from aiohttp.test_utils import TestClient

from app.api.contract import Contract, Route, Tag, promised_routes
from app.api.documentation.access import Caller
from app.db.questions import TooManyQuestions
from tests.api.world import World, new_world

EXAMPLES_A_ROUTE = 10
# Its answer has no end, for which this tool would wait; tests/api/test_event_stream.py tries it.
WITHOUT_END = "updates_stream"
LIMIT_SECONDS = 420

# What a schema cannot say is refused all the same: segments that there are not, models that are not installed, control
# characters, bytes that are no recording, states and ranges that it does not have. And the WebSocket's address is asked for as if it were a page.
REFUSED_ALTHOUGH_IT_FITS = ["2xx", "304", "401", "404", "409", "412", "415", "416", "422"]
NO_WEBSOCKET = [*REFUSED_ALTHOUGH_IT_FITS, "400"]
# Checksums that are none, uploads that another request has ended, lengths that nothing has.
NO_UPLOAD = [*REFUSED_ALTHOUGH_IT_FITS, "400", "410", "413", "460"]
# tus wants a status of its own where its version is missing; what is not overridden is a method that is not known.
REFUSED_AS_IT_DOES_NOT_FIT = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428"]

HOOKS = """\
import schemathesis
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
"""


async def test_the_running_api_keeps_to_its_specification(client: TestClient, tmp_path: Path) -> None:
    settings = tmp_path / "schemathesis.toml"
    # Each route gets things and a login of its own: what one deletes or ends, others would look for in vain.
    told = [_told(route, promised, await new_world(client)) for route, promised in promised_routes(client.app)]
    hooks = tmp_path / "hooks.py"
    hooks.write_text(HOOKS)
    settings.write_text("\n".join([f"hooks = {json.dumps(str(hooks))}", *told]))
    status, output = await _schemathesis(
        tmp_path,
        "--config-file", str(settings), "run", str(client.make_url("/openapi.json")),
        "--exclude-operation-id", WITHOUT_END,
        "--checks", "all",
        "--generation-deterministic",
        "--max-examples", str(EXAMPLES_A_ROUTE),
        "--continue-on-failure",
        "--no-color",
    )  # fmt: skip
    assert status == 0, output


def _told(route: Route, promised: Contract, world: World) -> str:
    """Write down who asks, and which things of this world the route's address names."""
    expected = REFUSED_ALTHOUGH_IT_FITS
    if promised.tag is Tag.UPLOADS:
        expected = NO_UPLOAD
    elif 101 in promised.answers:
        expected = NO_WEBSOCKET
    elif TooManyQuestions in promised.errors:
        # Nobody answers them here.
        expected = [*REFUSED_ALTHOUGH_IT_FITS, "429"]
    # A wrong number in an address is counted as sent, though what is given here has taken its place.
    numbered = any(parameter.names == "segment" for parameter in promised.path.values())
    refused = [*REFUSED_AS_IT_DOES_NOT_FIT, "200"] if numbered else REFUSED_AS_IT_DOES_NOT_FIT
    tables = {
        "parameters": {f"path.{name}": world.things[parameter.names] for name, parameter in promised.path.items()},
        "headers": world.headers[Caller.ADMINISTRATOR],
        "checks.positive_data_acceptance": {"expected-statuses": expected},
        "checks.negative_data_rejection": {"expected-statuses": refused},
        "checks.missing_required_header": {"expected-statuses": REFUSED_AS_IT_DOES_NOT_FIT},
    }
    lines = ["[[operations]]", f"include-operation-id = {json.dumps(route.operation_id)}"]
    for table, values in tables.items():
        lines += [
            f"[operations.{table}]",
            *(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in values.items()),
        ]
    return "\n".join(lines) + "\n"


async def _schemathesis(folder: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", *arguments,
        cwd=folder,  # it leaves a cache of what it found
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"COLUMNS": "160"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, re.sub(r"\x1b\[[0-9;]*m", "", output.decode())
