"""Whether the service is well."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.answers.base import Answer


class Liveness(Answer):
    status: Literal["live"]
    version: str


class Readiness(Answer):
    status: Literal["ready", "not ready"]
    version: str
    down: Annotated[list[str], Field(description="What does not answer.")]
    checks: Annotated[dict[str, str], Field(description="By part, `ok` or what is wrong.")]
