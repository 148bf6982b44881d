"""The examples of docs/api.md that verify a message, run as they stand there."""

import asyncio
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.api.receiver import Receiver
from tests.api.webhooks.conftest import MakeHook

GUIDE = (Path(__file__).resolve().parents[3] / "docs/api.md").read_text()


def block(language: str, holding: str) -> str:
    """The code of the one block in this language that holds these words."""
    [found] = [code for code in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL) if holding in code]
    return found


async def test_what_is_sent_is_verified_in_python_and_in_a_shell(
    hook: MakeHook, receiver: Receiver, tmp_path: Path
) -> None:
    made = await hook(receiver.url("/hook"))
    await made.owner.post(f"{made.address}/ping")
    [message] = await receiver.until_told("/hook", 1)

    names: dict[str, Callable[..., bool]] = {}
    exec(block("python", "def is_ours"), names)  # noqa: S102 - our own guide
    is_ours = names["is_ours"]
    assert is_ours(made.secret, message.headers, message.body)
    assert not is_ours(made.secret, message.headers, message.body + b" ")
    assert not is_ours("whsec_" + "A" * 44, message.headers, message.body)
    old = message.headers | {"webhook-timestamp": str(int(time.time()) - 600)}
    assert not is_ours(made.secret, old, message.body)
    rotated = await (await made.owner.post(f"{made.address}/secret", json={})).json()
    await made.owner.post(f"{made.address}/ping")
    *_, second = await receiver.until_told("/hook", 2)
    assert all(is_ours(secret, second.headers, second.body) for secret in (made.secret, rotated["secret"]))

    (tmp_path / "body.json").write_bytes(message.body)
    told = {"secret": made.secret, "id": message.id, "timestamp": message.headers["webhook-timestamp"]}
    shell = await asyncio.to_thread(
        subprocess.run,
        ["sh", "-c", block("sh", "openssl dgst")],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"} | told,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert shell.stdout.strip() == message.headers["webhook-signature"]
