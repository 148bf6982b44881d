"""What every refusal must look like, whatever it refuses."""

import re
from typing import Any

from aiohttp import ClientResponse


async def problem(answer: ClientResponse, status: int, code: str) -> dict[str, Any]:
    """Hold an answer against RFC 9457 and our additions to it, and return its body."""
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/problem+json"
    body = await answer.json(content_type=None)
    extension = {"current"} if status == 412 else set()
    assert set(body) - extension == {
        "type",
        "title",
        "status",
        "code",
        "detail",
        "remedy",
        "instance",
        "request_id",
        "errors",
    }
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/problems/{code}")
    for text in ("title", "detail", "remedy"):
        assert len(body[text]) > 5, body
    assert re.fullmatch(r"[0-9a-f]{16}", body["request_id"])
    assert answer.headers["X-Request-ID"] == body["request_id"]
    return body


def fields(body: dict[str, Any]) -> list[str]:
    """The fields that a problem names."""
    return [error["field"] for error in body["errors"]]
