"""`vocalyx ask ID QUESTION`: ask about a transcription, read the answer while it is written, then what it rests on."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import click
from rich.console import Console

from app.cli.client import ApiClient
from app.cli.instance import find_instance
from app.core.errors import VocalyxError
from app.core.formats.lines import clock_time, one_line
from app.core.questions import LONGEST_QUESTION, QuestionState

NOT_FOUND = 3
"""The exit status where the answer is not in what was said."""


class QuestionFailed(VocalyxError):
    """The question could not be answered."""

    code = "question-failed"
    title = "There is no answer"


@click.command(
    epilog="""\b
Credentials come from the environment: VOCALYX_TOKEN or VOCALYX_API_KEY. Without
them, the login of the instance in $VOCALYX_STATE (default ./var) is used.

\b
Exit status:
  0    answered, with what the answer rests on
  1    refused or failed
  3    the recording does not say it
"""
)
@click.argument("about", metavar="ID", type=click.UUID)
@click.argument("question")
@click.option("--project", is_flag=True, help="ID is a project's: ask over all of its transcriptions.")
@click.option("--url", envvar="VOCALYX_API_URL", help="The server's address.  [env: VOCALYX_API_URL]")
@click.option(
    "--language", metavar="CODE", help="The answer's, such as fr or en; the recording's where it is not given."
)
@click.option("--llm-model", metavar="NAME", help="The language model.")
@click.pass_context
def ask(
    context: click.Context,
    /,
    *,
    about: UUID,
    question: str,
    project: bool,
    url: str | None,
    language: str | None,
    llm_model: str | None,
) -> None:
    """Ask a QUESTION about the transcription ID, and print the answer with the times of what it rests on."""
    if len(question) > LONGEST_QUESTION:
        raise click.BadParameter(f"longer than {LONGEST_QUESTION} characters.", param_hint="QUESTION")
    body = {"question": question, "language": language, "llm_model": llm_model}
    path = f"/api/{'projects' if project else 'transcriptions'}/{about}/questions"
    console = Console(stderr=True)
    api = ApiClient(find_instance(url, os.environ), notify=lambda text: console.print(one_line(text), markup=False))
    answer = asyncio.run(_asked(api, path, {name: value for name, value in body.items() if value is not None}))
    _print_sources(answer, several=project)
    context.exit(0 if answer["found"] else NOT_FOUND)


async def _asked(api: ApiClient, path: str, body: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer, having printed its text as it came."""
    async with api:
        await api.connect()
        asked = await api.send_json("POST", path, body)
        writing = _Writing()
        async for message in api.events(f"/api/questions/{asked['id']}/events"):
            if message.get("type") == "answer.text":
                writing.add(int(message["from"]), str(message["text"]))
            elif message.get("type") == "question.changed":
                asked = message["question"]
        if asked["state"] not in (QuestionState.DONE, QuestionState.ERROR):
            asked = await api.get_json(f"/api/questions/{asked['id']}")
    if asked["state"] != QuestionState.DONE:
        writing.end("")
        error = asked.get("error") or {}
        raise QuestionFailed(
            str(error.get("detail") or "The question was not answered."),
            remedy=str(error.get("remedy") or "Ask again."),
        )
    answer: dict[str, Any] = asked["answer"]
    writing.end(answer["text"])
    return answer


class _Writing:
    """The answer's text on a terminal, as it comes. Where it turned out another one than was printed, it is printed anew.

    Into a file or a pipe goes the one that counts alone.
    """

    def __init__(self) -> None:
        self._printed = ""
        self._live = sys.stdout.isatty()

    def add(self, start: int, text: str) -> None:
        if not self._live:
            return
        if start < len(self._printed):
            click.echo()
            self._printed, text = "", self._printed[:start] + text
        click.echo(_printable(text), nl=False)
        self._printed += text

    def end(self, text: str) -> None:
        """Close with the text that counts."""
        rest = text.removeprefix(self._printed)
        if self._printed and not text.startswith(self._printed):
            click.echo()
            rest = text
        click.echo(_printable(rest))


def _print_sources(answer: Mapping[str, Any], *, several: bool) -> None:
    for source in answer["sources"]:
        where = f" [{source['transcription']}]" if several else ""
        click.echo(f"  {clock_time(source['start'])}{where}  “{one_line(source['quote'])}”")
    if answer["segments_read"] < answer["segments"]:
        click.echo(
            f"({answer['segments_read']} of {answer['segments']} segments were read, those that fit the question best.)",
            err=True,
        )


def _printable(text: str) -> str:
    """Return text that steers no terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
