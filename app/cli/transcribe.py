"""`vocalyx transcribe FILE`: send a recording, watch it being worked on, print or write the result."""

import asyncio
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from app.cli.client import ApiClient, RequestRefused
from app.cli.display import Display, choose_display
from app.cli.following import follow
from app.cli.instance import find_instance
from app.cli.output import STANDARD_OUTPUT, ResultOutput
from app.cli.patience import ApiUnreachable
from app.core.errors import InvalidOptions, VocalyxError
from app.core.formats import FORMATS
from app.core.formats.lines import one_line
from app.core.options import MAX_SPEAKERS, Channels, EnrichmentTask, Priority, Task, TranscriptionOptions
from app.core.states import PartState, TranscriptionState

# After Ctrl-C: for the answer to an upload whose bytes are all sent, and for the cancellation itself.
WITHDRAWAL_SECONDS = 15.0


class ExitStatus(IntEnum):
    """What scripts can go by. They are part of the interface, as the help text tells them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTLY = 3
    UNREACHABLE = 4
    INTERRUPTED = 130


class TranscriptionFailed(VocalyxError):
    """The server gave up on the recording, or somebody cancelled it."""

    code = "transcription-failed"
    title = "There is no transcript"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeRequest:
    """What one invocation asks for. `fields` are the form fields that were given; the server decides on the others."""

    file: Path
    fields: Mapping[str, str]
    format_name: str
    output: ResultOutput


def _prompts(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    prompts: dict[str, str] = {}
    for value in values:
        task, separator, instruction = value.partition("=")
        if task not in list(EnrichmentTask) or not separator or not instruction.strip():
            raise click.BadParameter(f"{value!r} is not TASK=TEXT, where TASK is one of {', '.join(EnrichmentTask)}.")
        if task in prompts:
            raise click.BadParameter(f"there are two prompts for {task!r}.")
        prompts[task] = instruction
    return prompts


def _tasks(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[EnrichmentTask, ...] | None:
    if value is None:
        return None
    names = [name.strip() for name in value.split(",")]
    unknown = [name for name in names if name not in list(EnrichmentTask)]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(EnrichmentTask)}.")
    return tuple(EnrichmentTask(name) for name in names)


_SPEAKERS = click.IntRange(1, MAX_SPEAKERS)


@click.command(
    epilog="""\b
Credentials come from the environment: VOCALYX_TOKEN or VOCALYX_API_KEY. Without
them, the login of the instance in $VOCALYX_STATE (default ./var) is used.

\b
Exit status:
  0    done, with everything that was asked for
  1    refused or failed: there is no transcript, or it could not be written
  2    the command line is wrong
  3    the transcript is there and was written, but its enrichment or its
       telling apart of speakers failed
  4    the server could not be reached for too long
  130  interrupted; the server was asked to cancel
"""
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--url", envvar="VOCALYX_API_URL", help="The server's address.  [env: VOCALYX_API_URL]")
@click.option("--project", help="Name or id; needed where you are a member of several.")
@click.option("--language", metavar="CODE", help="Such as fr or en; detected where it is not given.")
@click.option("--model", metavar="NAME", help="The speech model.")
@click.option("--diarization/--no-diarization", default=None, help="Tell the speakers apart.")
@click.option("--num-speakers", type=_SPEAKERS, metavar="N", help="How many people speak, where it is known.")
@click.option("--min-speakers", type=_SPEAKERS, metavar="N", help="At least so many speak.")
@click.option("--max-speakers", type=_SPEAKERS, metavar="N", help="At most so many speak.")
@click.option("--enrichment/--no-enrichment", default=None, help="Title, summary and key points.")
@click.option("--vad/--no-vad", default=None, help="Skip what is not speech.")
@click.option("--initial-prompt", metavar="TEXT", help="Text that the speech model takes for what came before.")
@click.option("--hotwords", metavar="TEXT", help="Names and terms to listen for.")
@click.option("--word-timestamps/--no-word-timestamps", default=None, help="The time of every word.")
@click.option(
    "--priority",
    type=click.Choice([each.value for each in Priority]),
    help="Whose work is begun first: within a project always, between projects as far as their shares allow.",
)
@click.option(
    "--channels",
    type=click.Choice([each.value for each in Channels]),
    help="Hear each channel as one party, all mixed, or as they sound.",
)
@click.option(
    "--task",
    type=click.Choice([each.value for each in Task]),
    help="Write down what is said, or translate it into English.",
)
@click.option("--llm-model", metavar="NAME", help="The language model of the enrichment.")
@click.option(
    "--prompt",
    "prompts",
    multiple=True,
    metavar="TASK=TEXT",
    callback=_prompts,
    help="Your own instruction for a task, such as title or summary; may be repeated.",
)
@click.option(
    "--tasks",
    metavar="NAMES",
    callback=_tasks,
    help=f"What the language model is asked for, separated by commas: {', '.join(EnrichmentTask)}.",
)
@click.option(
    "--task-set", metavar="NAME", help="A set of tasks: meeting, call, interview, lecture or the project's own."
)
@click.option(
    "--answer-language", metavar="CODE", help="What the language model answers in; the recording's if left out."
)
@click.option("--translation-language", metavar="CODE", help="What the task translation translates into.")
@click.option("--format", "format_name", type=click.Choice(list(FORMATS)), default="txt", show_default=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=STANDARD_OUTPUT,
    help="The file to write; replaced in one step, or left as it was.  [default: standard output]",
)
@click.option("--quiet", is_flag=True, help="Show errors only.")
@click.pass_context
def transcribe(  # a parameter an option of the command line
    context: click.Context,
    /,
    *,
    file: Path,
    url: str | None,
    project: str | None,
    format_name: str,
    output: Path,
    quiet: bool,
    **options: Any,
) -> None:
    """Transcribe a recording on a Vocalyx server and print the result.

    FILE is audio or video in any usual format.
    """
    console = Console(stderr=True)
    given = {name: value for name, value in options.items() if value not in (None, {})}
    try:
        _check_options(given, format_name, output)
        request = TranscribeRequest(
            file=file,
            # One of its own: to interrupt this command cancels it, and must cancel nobody else's.
            fields=_form_fields(given) | ({"project": project} if project is not None else {}) | {"reuse": "false"},
            format_name=format_name,
            output=ResultOutput(output),
        )
        request.output.check()
        instance = find_instance(url, os.environ)
        with choose_display(console, quiet=quiet) as display:
            api = ApiClient(instance, notify=display.say)
            status = asyncio.run(_Transcribing(api, request, display, console).run())
    except InvalidOptions as error:
        _complain(console, error)
        status = ExitStatus.USAGE
    except ApiUnreachable as error:
        _complain(console, error)
        status = ExitStatus.UNREACHABLE
    except VocalyxError as error:
        _complain(console, error)
        status = ExitStatus.FAILED
    except KeyboardInterrupt:  # a second one, while the server was being asked
        console.print("Interrupted before the server had answered; the recording may still be worked on.")
        status = ExitStatus.INTERRUPTED
    context.exit(status)


def _check_options(given: Mapping[str, Any], format_name: str, output: Path) -> None:
    """Refuse before the upload what the server would refuse after it."""
    TranscriptionOptions(**given)
    if format_name == "rttm" and given.get("diarization") is False:
        raise InvalidOptions(
            "RTTM says who spoke when, which --no-diarization leaves out.", remedy="Choose another --format."
        )
    if not FORMATS[format_name].text and output == STANDARD_OUTPUT:
        raise InvalidOptions(f"{format_name} is no text to print.", remedy="Name a file with --output.")


def _form_fields(given: Mapping[str, Any]) -> dict[str, str]:
    fields = {}
    for name, value in given.items():
        if isinstance(value, bool):
            fields[name] = "true" if value else "false"
        else:
            structured = isinstance(value, dict | tuple)
            fields[name] = json.dumps(value, ensure_ascii=False) if structured else str(value)
    return fields


class _Transcribing:
    """One recording's way, from the file to the result."""

    def __init__(self, api: ApiClient, request: TranscribeRequest, display: Display, console: Console) -> None:
        self._api = api
        self._request = request
        self._display = display
        self._console = console
        self._id: str | None = None
        self._upload: asyncio.Task[dict[str, Any]] | None = None
        self._upload_is_sent = False
        self._was_sent = False

    async def run(self) -> ExitStatus:
        async with self._api:
            try:
                return await self._work()
            except asyncio.CancelledError:
                if task := asyncio.current_task():
                    task.uncancel()
                return await self._withdraw()
            except VocalyxError as error:
                if self._id is not None and not isinstance(error, TranscriptionFailed):
                    self._console.print(f"The transcription's id is {self._id}.", highlight=False)
                raise

    async def _work(self) -> ExitStatus:
        await self._api.connect()
        self._upload = asyncio.create_task(
            self._api.upload(
                self._request.file,
                self._request.fields,
                idempotency_key=str(uuid.uuid4()),
                observer=self._observe_upload,
            )
        )
        created = await asyncio.shield(self._upload)
        self._id = str(created["id"])
        self._display.changed(created)
        summary = await follow(self._api, self._id, self._display)
        _check_outcome(summary)
        self._request.output.write(await self._api.download(self._id, self._request.format_name))
        failed_parts = _failed_parts(summary)
        for part in failed_parts:
            _complain(self._console, part)
        return ExitStatus.PARTLY if failed_parts else ExitStatus.DONE

    def _observe_upload(self, sent: int, total: int) -> None:
        self._upload_is_sent = sent >= total
        # Once and for all: what came of it is not known while it is sent again.
        self._was_sent |= self._upload_is_sent
        self._display.uploaded(sent, total)

    async def _withdraw(self) -> ExitStatus:
        """Undo what was asked for: break the upload off, or have the server stop its work."""
        try:
            async with asyncio.timeout(WITHDRAWAL_SECONDS):
                if self._id is None and self._upload is not None and self._upload_is_sent:
                    # The server has all of the recording and will work on it: its answer says what to cancel.
                    self._id = str((await self._upload)["id"])
                if self._id is None:
                    await self._break_upload_off()
                    self._console.print(
                        "Interrupted; the recording may have arrived all the same: look for it in the list."
                        if self._was_sent
                        else "Interrupted; nothing was left on the server."
                    )
                else:
                    await self._api.cancel(self._id)
                    self._console.print("Interrupted; the server has cancelled the transcription.")
        except (VocalyxError, TimeoutError) as error:
            detail = error.detail if isinstance(error, VocalyxError) else "It did not answer in time."
            self._console.print(
                f"Interrupted, but the server could not be asked to cancel: {detail}", markup=False, highlight=False
            )
        return ExitStatus.INTERRUPTED

    async def _break_upload_off(self) -> None:
        if self._upload is not None:
            self._upload.cancel()
            await asyncio.wait({self._upload})


def _check_outcome(summary: Mapping[str, Any]) -> None:
    if summary["state"] == TranscriptionState.DONE:
        return
    if summary["state"] == TranscriptionState.CANCELLED:
        raise TranscriptionFailed(
            "The transcription was cancelled by somebody else.", remedy=f"Retry it: its id is {summary['id']}."
        )
    error = summary.get("error") or {}
    raise TranscriptionFailed(
        error.get("detail") or "The transcription failed, and the server does not say why.",
        remedy=error.get("remedy") or f"Ask your administrator about transcription {summary['id']}.",
    )


def _failed_parts(summary: Mapping[str, Any]) -> list[VocalyxError]:
    """Return an error for each part that failed without taking the transcript with it."""
    failed: list[VocalyxError] = []
    for part, name in (("diarization", "Telling the speakers apart"), ("enrichment", "The enrichment")):
        outcome = summary.get(part) or {}
        if outcome.get("state") == PartState.ERROR:
            error = outcome.get("error") or {}
            failed.append(
                TranscriptionFailed(
                    f"{name} failed: {error.get('detail') or 'the server does not say why.'}",
                    remedy=error.get("remedy")
                    or f"The text is kept; retry transcription {summary['id']} for the rest.",
                )
            )
    for task, reason in ((summary.get("enrichment") or {}).get("failures") or {}).items():
        failed.append(
            TranscriptionFailed(
                f"The enrichment has no {one_line(str(task))}: {reason}",
                remedy="The rest is kept; another language model (--llm-model) may do better.",
            )
        )
    return failed


def _complain(console: Console, error: VocalyxError) -> None:
    """Say what happened and the way out, whatever characters the server put into it."""
    console.print(f"Error: {one_line(error.detail)}", markup=False, highlight=False, soft_wrap=True)
    console.print(one_line(error.remedy), markup=False, highlight=False, soft_wrap=True)
    if isinstance(error, RequestRefused) and error.request_id:
        console.print(f"(request id {one_line(error.request_id)})", markup=False, highlight=False, soft_wrap=True)
