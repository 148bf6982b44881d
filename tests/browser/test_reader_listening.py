"""Listening: how fast, without silences, in the speakers' colours, and from one uncertain word to the next; in both languages."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import OpenPage, log_in, violations
from tests.browser.meetings import Said, held_meeting
from tests.browser.test_reader import Open, opened, row
from tests.browser.words import LOCALES, Words

both_languages = pytest.mark.parametrize("locale", LOCALES)
# From 1.84 s to 21.84 s nobody says anything.
WITH_A_SILENCE = (Said(0, "Before the silence comes.", pause_seconds=20.0), Said(1, "And after it."))
# The page has its player out of the document.
KEEP_THE_PLAYER = """window.Audio = class extends window.Audio {
    constructor(...given) { super(...given); window.heard = this; }
}"""
PLAYED = "[...Array(window.heard.played.length).keys()].map((at) => [heard.played.start(at), heard.played.end(at)])"
# The colours of a drawing by their share of what is drawn, and those of the voices.
COLOURS = """(canvas) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const style = getComputedStyle(document.documentElement);
    const count = {};
    for (const name of ["--voice-0", "--voice-1", "--voice-2", "--line-strong"]) {
        const [red, green, blue] = style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/gi).map((two) => parseInt(two, 16));
        count[name] = 0;
        for (let at = 0; at < data.length; at += 4) {
            // What is still to come is paler, and so its colour is rounded.
            if (data[at + 3] > 90 && Math.hypot(data[at] - red, data[at + 1] - green, data[at + 2] - blue) < 8) count[name] += 1;
        }
    }
    return count;
}"""

LONGEST_MOTION_SECONDS = """() => Math.max(...[...document.querySelectorAll("*")].flatMap((element) => {
    const { transitionDuration, animationDuration } = getComputedStyle(element);
    return `${transitionDuration},${animationDuration}`.split(",").map(parseFloat);
}))"""


def was_heard(played: list[list[float]], second: float) -> bool:
    return any(start <= second <= end for start, end in played)


async def listening(open_page: OpenPage, editor: Person, made: str, locale: str) -> Page:
    page = await open_page("/login", locale=locale)
    await page.add_init_script(KEEP_THE_PLAYER)
    await page.goto(f"/recordings/{made}")
    await log_in(page, editor.name)
    await page.locator(".segment").first.wait_for()
    return page


async def until_heard(page: Page, second: float) -> list[list[float]]:
    """Wait until this second was played; returns all that was."""
    await page.wait_for_function(f"() => {PLAYED}.some(([start, end]) => start <= {second} && end >= {second})")
    played: list[list[float]] = await page.evaluate(PLAYED)
    return played


@both_languages
async def test_it_is_played_without_silences_and_as_fast_as_somebody_wants(
    open_page: OpenPage, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], WITH_A_SILENCE, enriched=False)
    page = await listening(open_page, editor, made, locale)
    skip = page.get_by_role("button", name=words("reader.skipSilence"))
    play = page.get_by_role("button", name=words("reader.play"), exact=True)
    await expect(skip).to_have_attribute("aria-pressed", "false")
    # Without it the silence is played like everything else.
    await page.get_by_label(words("reader.seek")).fill("10")
    await play.click()
    await until_heard(page, 10.5)
    await page.keyboard.press("k")
    await skip.click()
    await expect(skip).to_have_attribute("aria-pressed", "true")
    assert await violations(page) == []
    # It stays so for the next recording, and here it is one.
    await page.reload()
    await expect(skip).to_have_attribute("aria-pressed", "true")
    await play.click()
    played = await until_heard(page, 22.0)
    assert was_heard(played, 1.0)
    assert [second for second in range(3, 21) if was_heard(played, second)] == []
    await expect(row(page, 1)).to_have_class(re.compile("current"))
    await page.keyboard.press("k")

    # And as fast as somebody wants.
    rate = page.get_by_role("combobox", name=words("reader.rate"), exact=True)

    async def pace() -> Any:
        return await page.evaluate("[window.heard.playbackRate, window.heard.preservesPitch]")

    assert await pace() == [1, True]
    # Numbers as the language writes them.
    await rate.select_option(label={"en-GB": "1.5×", "fr-FR": "1,5×"}[locale])
    assert await pace() == [1.5, True]
    await page.locator(".now-time").click()
    await page.keyboard.press(">")
    await expect(rate).to_have_value("1.75")
    said = words("reader.rateNow", rate={"en-GB": "1.75", "fr-FR": "1,75"}[locale])
    await expect(page.locator(".toasts")).to_contain_text(said)
    await page.keyboard.press("<")
    await page.keyboard.press("<")
    await expect(rate).to_have_value("1.25")
    assert await pace() == [1.25, True]
    await page.reload()
    await expect(rate).to_have_value("1.25")
    assert await pace() == [1.25, True]
    # Back and forth by three seconds.
    seek = page.get_by_label(words("reader.seek"))
    await seek.fill("10")
    await page.keyboard.press("j")
    await expect(seek).to_have_value("7")
    await page.keyboard.press("l")
    await expect(seek).to_have_value("10")


@both_languages
async def test_speakers_have_their_colours_and_uncertain_words_their_marks(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    page = await opened(logged_in, editor, made, locale)
    drawing = page.locator(".waveform canvas").first
    await drawing.wait_for(state="attached")
    drawn = await drawing.evaluate(COLOURS)
    assert all(count > 20 for count in drawn.values()), drawn
    for index, voice in ((0, 0), (2, 1), (4, 2)):
        await expect(row(page, index)).to_have_class(re.compile(rf"voice-{voice}\b"))

    doubtful = page.locator(".word.doubtful")
    await expect(doubtful).to_have_count(2)
    assert await doubtful.first.evaluate("(word) => getComputedStyle(word).textDecorationLine") == "underline"
    await page.keyboard.press("u")
    await expect(row(page, 2)).to_have_class(re.compile("current"))
    await expect(page.locator(".word.now")).to_have_class(re.compile("doubtful"))
    await page.keyboard.press("u")
    await expect(row(page, 4)).to_have_class(re.compile("current"))
    await page.keyboard.press("u")
    await expect(page.locator(".toasts")).to_contain_text(words("reader.noMoreDoubts"))
    await page.get_by_role("button", name=words("reader.doubts")).click()
    await expect(doubtful).to_have_count(0)
    # Nothing moves where somebody does not want it.
    assert await page.evaluate(LONGEST_MOTION_SECONDS) > 0.05
    await page.emulate_media(reduced_motion="reduce")
    assert await page.evaluate(LONGEST_MOTION_SECONDS) < 0.001
