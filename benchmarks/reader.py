"""How the reader bears a recording of ten hours, in a real browser: `python -m benchmarks.reader`.

**Scrolling.** A page scrolls by a third of a screen with every frame; frames a second, the longest ones, the memory of its
scripts and how many nodes it holds, for a short recording and for one of ten hours.

**Drift.** The sound says of itself when it is: its pitch rises through every ten seconds anew. At moments over an hour the
page is made to go there and play, its sound is listened to, and what is heard is held against the word that is marked.

The browser is that of the tests (`requirements/install.py` and `tests/browser/unpack.py`).
"""

import asyncio
import itertools
import math
import os
import struct
import wave
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import click
from playwright.async_api import Browser, Page, async_playwright

from app.api.credentials.session_cookie import NAME as COOKIE
from app.db.tables import Transcription
from benchmarks.command import new_console, new_table, verdict
from benchmarks.site import Server, Site, finished_transcription, running_site, serving
from tests.browser.unpack import BROWSER

WANTED_FRAMES_A_SECOND = 50
WANTED_DRIFT_SECONDS = 0.3
_SECONDS_A_SEGMENT = 4
_HOUR = 3600
_RATE = 8000
_RAMP_SECONDS, _LOW_HERTZ, _HIGH_HERTZ = 10, 400.0, 3400.0
_SWITCHES = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
             "--autoplay-policy=no-user-gesture-required", "--enable-precise-memory-info"]  # fmt: skip

_SCROLL = """
(seconds) => new Promise((done) => {
  const times = [];
  const end = performance.now() + seconds * 1000;
  let direction = 1;
  function step(now) {
    times.push(now);
    if (window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2) direction = -1;
    if (window.scrollY <= 0) direction = 1;
    window.scrollBy(0, direction * window.innerHeight / 3);
    if (now < end) requestAnimationFrame(step); else done(times);
  }
  requestAnimationFrame(step);
})
"""

# The player's own element, and what its sound is.
_CAPTURE = """
window.players = [];
const Original = window.Audio;
window.Audio = class extends Original { constructor(...args) { super(...args); window.players.push(this); } };
"""
_LISTEN = """
() => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  analyser.smoothingTimeConstant = 0;
  const source = context.createMediaElementSource(window.players[0]);
  source.connect(analyser);
  analyser.connect(context.destination);
  window.heard = () => {
    const heights = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(heights);
    let top = 1;
    for (let bin = 1; bin < heights.length - 1; bin += 1) if (heights[bin] > heights[top]) top = bin;
    const [a, b, c] = [heights[top - 1], heights[top], heights[top + 1]];
    const shift = a - 2 * b + c ? (a - c) / (2 * (a - 2 * b + c)) : 0;
    return ((top + shift) * context.sampleRate) / analyser.fftSize;
  };
  return context.resume();
}
"""
_SAMPLE = """
() => {
  const word = document.querySelector(".word.now");
  if (!word || window.players[0].paused || window.players[0].seeking) return null;
  const row = word.closest(".segment");
  return { hertz: window.heard(), segment: Number(row.dataset.index), word: Number(word.dataset.word) };
}
"""


@click.command()
@click.option("--hours", type=click.FloatRange(0.1, 24), default=10.0, show_default=True, help="Of the long recording.")
@click.option("--scrolling-seconds", type=click.FloatRange(1, 120), default=15.0, show_default=True)
@click.option(
    "--moments", type=click.IntRange(2, 100), default=12, show_default=True, help="At which drift is measured."
)
def reader(hours: float, scrolling_seconds: float, moments: int) -> None:
    """Measure, and print two tables."""
    # With the page, as one machine serves it.
    page = "app.standalone.web:application"
    with running_site() as site, serving(page, site.settings, site.folder / "page.log") as server:
        asyncio.run(_measure(site, server, hours, scrolling_seconds, moments))


async def _measure(site: Site, server: Server, hours: float, seconds: float, moments: int) -> None:
    console = new_console()
    environment = {
        **os.environ, "LD_LIBRARY_PATH": str(BROWSER / "lib"), "FONTCONFIG_PATH": str(BROWSER), "HOME": str(BROWSER),
    }  # fmt: skip
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=BROWSER / "chromium", args=_SWITCHES, env=environment
        )
        table = new_table(
            f"scrolling, {seconds:g} s",
            "recording",
            "words",
            "frames/s",
            "median, ms",
            "p99, ms",
            "script, MB",
            "nodes",
        )
        for name, length in (("10 minutes", 1 / 6), (f"{hours:g} hours", hours)):
            segments = round(length * _HOUR / _SECONDS_A_SEGMENT)
            made = site.in_database(finished_transcription, segments)
            with console.status(name):
                found = await _scrolled(browser, server, site, made, seconds)
            table.add_row(
                name, f"{segments * 15:_}".replace("_", " "), f"{found['frames']:.0f}", f"{found['median']:.1f}",
                f"{found['p99']:.1f}", f"{found['megabytes']:.0f}", f"{found['nodes']:.0f}",
            )  # fmt: skip
        console.print(table)
        console.print(f"the long one: {verdict(found['frames'], WANTED_FRAMES_A_SECOND, at_least=True)}")
        with console.status("an hour of sound"):
            made = site.in_database(_hour, site.settings.uploads_dir)
            drifts = await _drifts(browser, server, site, made, moments)
        await browser.close()
    table = new_table(f"drift over an hour, {moments} moments", "of the sound against the marked word", "seconds")
    for name, value in (("median", median(drifts)), ("largest", max(drifts, key=abs))):
        table.add_row(name, f"{value:+.3f}")
    console.print(table)
    console.print(f"largest: {verdict(max(abs(drift) for drift in drifts), WANTED_DRIFT_SECONDS)}")


async def _opened(browser: Browser, server: Server, site: Site, made: str) -> Page:
    context = await browser.new_context(base_url=server.url, viewport={"width": 1366, "height": 860}, locale="en-GB")
    token = site.user["Authorization"].removeprefix("Bearer ")
    await context.add_cookies([{"name": COOKIE, "value": token, "url": server.url}])
    page = await context.new_page()
    await page.add_init_script(_CAPTURE)
    await page.goto(f"/recordings/{made}")
    await page.locator(".segment").first.wait_for(timeout=120_000)
    return page


async def _scrolled(browser: Browser, server: Server, site: Site, made: str, seconds: float) -> dict[str, float]:
    page = await _opened(browser, server, site, made)
    times: list[float] = await page.evaluate(_SCROLL, seconds)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    await session.send("HeapProfiler.collectGarbage")
    metrics = {one["name"]: one["value"] for one in (await session.send("Performance.getMetrics"))["metrics"]}
    await page.context.close()
    return {
        "frames": len(gaps) / (sum(gaps) / 1000),
        "median": median(gaps),
        "p99": quantiles(gaps, n=100)[-1],
        "megabytes": metrics["JSHeapUsedSize"] / 1e6,
        "nodes": metrics["Nodes"],
    }


async def _drifts(browser: Browser, server: Server, site: Site, made: str, moments: int) -> list[float]:
    """Return how far the sound is ahead of the middle of the word that is marked, once for each moment."""
    page = await _opened(browser, server, site, made)
    await page.evaluate(_LISTEN)
    found: list[float] = []
    for number in range(moments):
        at = 5 + number * (_HOUR - 30) / (moments - 1)
        await page.evaluate(
            "(at) => { const player = window.players[0]; player.currentTime = at; return player.play(); }", at
        )
        await page.wait_for_timeout(2500)
        samples = []
        # Over more than a passage: between two of them nothing is marked.
        for _ in range(40):
            await page.wait_for_timeout(110)
            samples.append(await page.evaluate(_SAMPLE))
        drifts = [_drift(sample) for sample in samples if sample is not None]
        if not drifts:
            raise click.ClickException(f"Nothing was marked while the sound was at {at:.0f} s.")
        found.append(median(drifts))
    await page.context.close()
    return found


def _drift(sample: dict[str, Any]) -> float:
    heard = (sample["hertz"] - _LOW_HERTZ) / (_HIGH_HERTZ - _LOW_HERTZ) * _RAMP_SECONDS
    marked = sample["segment"] * _SECONDS_A_SEGMENT + sample["word"] / 5 + 0.1
    # Which of the ramps it is, the word says; what is heard, says where in it.
    return (heard - marked + _RAMP_SECONDS / 2) % _RAMP_SECONDS - _RAMP_SECONDS / 2


def _hour(volume: Path) -> str:
    """Add a finished recording of an hour with its sound; return its id. A unit of work."""
    made = finished_transcription(_HOUR // _SECONDS_A_SEGMENT)
    place = f"{made[:2]}/{made}/source"
    path = volume / place
    path.parent.mkdir(parents=True, exist_ok=True)
    ramp = _ramp()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        for _ in range(_HOUR // _RAMP_SECONDS):
            file.writeframes(ramp)
    media = {"format": "wav", "codec": "pcm_s16le", "channels": 1, "sample_rate": _RATE, "duration_seconds": _HOUR}
    Transcription.update(audio_path=place, size_bytes=path.stat().st_size, media=media).where(
        Transcription.id == made
    ).execute()
    return made


def _ramp() -> bytes:
    """Ten seconds in which the pitch rises evenly."""
    count = _RAMP_SECONDS * _RATE
    rise = (_HIGH_HERTZ - _LOW_HERTZ) / _RAMP_SECONDS
    turns = (_LOW_HERTZ * n / _RATE + rise / 2 * (n / _RATE) ** 2 for n in range(count))
    return b"".join(struct.pack("<h", round(12000 * math.sin(2 * math.pi * turn))) for turn in turns)


if __name__ == "__main__":
    reader()
