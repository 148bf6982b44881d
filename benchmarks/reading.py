"""How fast transcriptions are read, against a bare aiohttp handler that gives the same bytes: `python -m benchmarks.reading`.

Both under the API's gunicorn settings, one process each, asked in turns by a process that does little (its share of a
core is in the table). The ratio is of the medians of requests a second.
"""

import urllib.request
from statistics import median

import click

from benchmarks.command import new_console, new_table, verdict
from benchmarks.load import Load, Outcome, run
from benchmarks.site import Site, finished_transcription, running_site, serving

WANTED_RATIO = 0.5
_WARM_SECONDS = 1.0


@click.command()
@click.option("--seconds", type=click.FloatRange(0.5, 60), default=5.0, show_default=True, help="Of each run.")
@click.option("--repetitions", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--connections", type=click.IntRange(1, 500), default=32, show_default=True)
@click.option("--transcriptions", type=click.IntRange(2, 1000), default=100, show_default=True)
def reading(seconds: float, repetitions: int, connections: int, transcriptions: int) -> None:
    """Measure, and print one table."""
    console = new_console()
    with running_site() as site:
        ids = [site.in_database(finished_transcription) for _ in range(transcriptions)]
        paths = [f"/api/transcriptions/{found}" for found in ids]
        content = _get(site, paths[0])
        (site.folder / "bytes").write_bytes(content)
        environment = {"PLAIN_BYTES": str(site.folder / "bytes"), "PLAIN_FOLDER": str(site.folder)}
        with serving("benchmarks.plain_server:application", site.settings, site.folder / "log", **environment) as bare:
            loads = {
                "a bare handler": Load(bare.url, ["/bytes"], {}, connections, seconds),
                "one transcription, by a key": Load(site.api.url, paths[:1], site.key, connections, seconds),
                "one transcription, by a user": Load(site.api.url, paths[:1], site.user, connections, seconds),
                f"{transcriptions} in turns, by a key": Load(site.api.url, paths, site.key, connections, seconds),
                "a bare handler, one connection": Load(bare.url, ["/bytes"], {}, 1, seconds),
                "one transcription, one connection": Load(site.api.url, paths[:1], site.key, 1, seconds),
            }
            outcomes: dict[str, list[Outcome]] = {name: [] for name in loads}
            for load in loads.values():
                run(Load(load.url, load.paths, load.headers, load.connections, _WARM_SECONDS))
            for number in range(repetitions):
                for name, load in loads.items():
                    with console.status(f"{name} ({number + 1})"):
                        outcomes[name].append(run(load))
    table = new_table(
        f"{len(content)} bytes, {connections} connections, {repetitions} runs of {seconds:g} s each in turns",
        "asked for", "requests/s", "ratio", "median, ms", "p99, ms", "asking, of a core",
    )  # fmt: skip
    rates = {name: median(outcome.a_second for outcome in found) for name, found in outcomes.items()}
    for name, found in outcomes.items():
        one = "one connection" in name
        ratio = rates[name] / rates["a bare handler, one connection" if one else "a bare handler"]
        table.add_row(
            name, f"{rates[name]:.0f}", f"{ratio:.2f}", f"{median(o.median for o in found):.1f}",
            f"{median(o.p99 for o in found):.1f}", f"{median(o.cpu for o in found):.2f}",
        )  # fmt: skip
    console.print(table)
    reached = rates["one transcription, by a key"] / rates["a bare handler"]
    console.print(f"one transcription: {reached:.2f}; {verdict(reached, WANTED_RATIO, at_least=True)}")


def _get(site: Site, path: str) -> bytes:
    request = urllib.request.Request(f"{site.api.url}{path}", headers=site.key)  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content


if __name__ == "__main__":
    reading()
