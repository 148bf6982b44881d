"""Many WebSocket listeners on one API instance: the memory of each, and how soon each hears of a change.

`python -m benchmarks.listeners`. The changes are names of a transcription, given one after the other. The time of each
begins when its request is sent, so that the change itself is in it.
"""

import json
import time
import urllib.request
from statistics import quantiles

import click

from app.settings import MEBIBYTE
from benchmarks.audience import Audience, Wanted
from benchmarks.command import new_console, new_table, verdict
from benchmarks.site import Site, allow_many_files, finished_transcription, running_site

WANTED_P99_MILLISECONDS = 1000.0
_SETTLE_SECONDS = 3.0
_PATIENCE_SECONDS = 300
_FILES_BESIDES = 200


@click.command()
@click.option("--listeners", type=click.IntRange(1, 20_000), default=2000, show_default=True)
@click.option("--changes", type=click.IntRange(2, 1000), default=30, show_default=True)
@click.option(
    "--interval", type=click.FloatRange(0.05, 10), default=1.0, show_default=True, help="Seconds between them."
)
def listening(listeners: int, changes: int, interval: float) -> None:
    """Measure, and print one table."""
    console = new_console()
    allowed = allow_many_files(listeners + _FILES_BESIDES)
    if allowed < listeners + _FILES_BESIDES:
        raise click.ClickException(f"This machine allows {allowed} open files a process; ask for fewer --listeners.")
    with running_site() as site:
        transcription = site.in_database(finished_transcription)
        before, started = site.api.resident_bytes(), time.perf_counter()
        audience = Audience(
            Wanted(site.api.url, site.key, listeners, changes), _PATIENCE_SECONDS + 2 * changes * interval
        )
        try:
            with console.status(f"{listeners} listeners come"):
                audience.said()
            opened = time.perf_counter() - started
            time.sleep(_SETTLE_SECONDS)
            each = (site.api.resident_bytes() - before) / listeners
            with console.status(f"{changes} changes"):
                sent = [_rename(site, transcription, number, interval) for number in range(changes)]
            heard = audience.said()
        finally:
            audience.end()
        after = site.api.resident_bytes()
    times = sorted(1000 * (moment - begun) for moments in heard for moment, begun in zip(moments, sent, strict=True))
    hundredths = quantiles(times, n=100)
    table = new_table(
        f"{listeners} listeners, a change every {interval:g} s, {changes} of them",
        "messages", "median, ms", "p95, ms", "p99, ms", "slowest, ms", "KiB each", "opened in, s", "instance, MiB",
        names=0,
    )  # fmt: skip
    table.add_row(
        str(len(times)), *(f"{hundredths[number]:.0f}" for number in (49, 94, 98)), f"{times[-1]:.0f}",
        f"{each / 1024:.1f}", f"{opened:.1f}", f"{after / MEBIBYTE:.0f}",
    )  # fmt: skip
    console.print(table)
    console.print(f"p99: {hundredths[98]:.0f} ms; {verdict(hundredths[98], WANTED_P99_MILLISECONDS)}")


def _rename(site: Site, transcription: str, number: int, interval: float) -> float:
    """Change a name, wait for the next one's turn, and return when it was sent."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{site.api.url}/api/transcriptions/{transcription}", method="PATCH",
        data=json.dumps({"name": f"name {number}"}).encode(),
        headers=site.key | {"Content-Type": "application/json", "If-Match": "*"},
    )  # fmt: skip
    sent = time.monotonic()
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310
    time.sleep(max(0.0, interval - (time.monotonic() - sent)))
    return sent


if __name__ == "__main__":
    listening()
