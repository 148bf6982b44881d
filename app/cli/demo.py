"""`vocalyx demo`: a real recording of two people through the whole platform, over its public API."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from app.cli.client import ApiClient
from app.cli.display import Display, choose_display
from app.cli.following import follow
from app.cli.instance import find_instance
from app.core.errors import VocalyxError
from app.core.states import TranscriptionState
from app.standalone.borrowing import borrowed_instance
from app.standalone.state import StateFolder

RECORDING = Path(__file__).resolve().parent.parent / "standalone" / "demo" / "two-speakers.ogg"
HEARD = frozenset({TranscriptionState.TRANSCRIBED, TranscriptionState.DONE})

NOTHING_USABLE = "(the model gave nothing usable here; it is a very small one)"


class DemoFailed(VocalyxError):
    code = "demo-failed"
    title = "The demonstration did not come to its end"


@click.command()
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), envvar="VOCALYX_STATE", default=Path("var"),
    show_default=True, show_envvar=True, help="The folder of the instance.",
)  # fmt: skip
def demo(state: Path) -> None:
    """Send a recording of two people through, and print transcript, speakers, title, summary and points.

    An instance that runs on the state folder is used; where none does, one runs for as long as this takes.
    """
    asyncio.run(_demonstrate(StateFolder(state.absolute())))


async def _demonstrate(state: StateFolder) -> None:
    console = Console()
    async with borrowed_instance(state) as address:
        environment = {**os.environ, "VOCALYX_STATE": str(state.root)}
        with choose_display(Console(stderr=True), quiet=False) as display:
            async with ApiClient(find_instance(address, environment), notify=display.say) as api:
                summary = await _transcribe(api, display, console)
        _print_enrichment(console, summary)


async def _transcribe(api: ApiClient, display: Display, console: Console) -> Mapping[str, Any]:
    await api.connect()
    created = await api.upload(RECORDING, {"num_speakers": "2", "reuse": "false"}, observer=display.uploaded)
    hearing = _Hearing(display)
    following = asyncio.create_task(follow(api, str(created["id"]), hearing))
    heard = asyncio.create_task(hearing.heard.wait())
    try:
        await asyncio.wait({following, heard}, return_when=asyncio.FIRST_COMPLETED)
        if hearing.heard.is_set():
            _print_transcript(console, await api.read(str(created["id"])))
        summary = await following
    finally:
        for task in (following, heard):
            task.cancel()
        await asyncio.gather(following, heard, return_exceptions=True)
    if summary["state"] != TranscriptionState.DONE:
        error = summary.get("error") or {}
        raise DemoFailed(
            f"The recording ended as {summary['state']}: {error.get('detail', 'the server does not say why')}",
            remedy=error.get("remedy", "The log of the instance says more."),
        )
    return summary


class _Hearing:
    """Passes everything on to a display, and notices when the transcript is whole: enrichment may be minutes away."""

    def __init__(self, display: Display) -> None:
        self.heard = asyncio.Event()
        self._display = display

    def changed(self, transcription: Mapping[str, Any]) -> None:
        self._display.changed(transcription)
        if transcription["state"] in HEARD:
            self.heard.set()

    def text_appeared(self, segments: Sequence[Mapping[str, Any]]) -> None:
        self._display.text_appeared(segments)


def _print_transcript(console: Console, transcription: Mapping[str, Any]) -> None:
    console.rule("Transcript")
    for segment in transcription["segments"]:
        minutes, seconds = divmod(int(segment["start"]), 60)
        speaker = segment["speaker"] or "?"
        console.print(
            f"{minutes:02d}:{seconds:02d}  {speaker}: {segment['text']}", markup=False, highlight=False, soft_wrap=True
        )
    console.rule("Speakers")
    for speaker in transcription["speakers"]:
        name = speaker["name"] or speaker["label"]
        console.print(f"{name}: {speaker['seconds']:.0f} s", markup=False, highlight=False, soft_wrap=True)


def _print_enrichment(console: Console, summary: Mapping[str, Any]) -> None:
    enrichment = summary.get("enrichment") or {}
    if enrichment.get("state") != "done":
        error = enrichment.get("error") or {}
        raise DemoFailed(
            f"The transcript is there, but its enrichment failed: {error.get('detail', 'the server does not say why')}",
            remedy=error.get("remedy", "The log of the instance says more."),
        )
    for title, text in (("Title", enrichment["title"]), ("Summary", enrichment["summary"])):
        console.rule(title)
        console.print(text or NOTHING_USABLE, markup=False, highlight=False, soft_wrap=True)
    console.rule("Points")
    for point in enrichment["points"] or [NOTHING_USABLE]:
        console.print(f"• {point}", markup=False, highlight=False, soft_wrap=True)
    console.rule(f"by {enrichment['model']}")
