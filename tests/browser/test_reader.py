"""The reader: follow, correct, undo, name speakers, find and replace, in both languages, on a recording that was sent."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import violations
from tests.browser.meetings import MEETINGS, held_meeting
from tests.browser.words import Words

WORDS = {
    "en-GB": {
        "first": "Good morning, everybody. Shall we begin with the budget?", "word": "budget", "speaker": "Speaker 1",
        "saved": "All saved", "undo": "Undo", "redo": "Redo", "find": "Find", "speakers": "Speakers", "play": "Play",
        "replace": "Replace all", "reading": "figures", "hits": "1 of 3", "keys": "Shortcuts", "done": "Done",
    },
    "fr-FR": {
        "first": "Bonjour à tous. Nous commençons par le budget, si vous voulez bien.", "word": "budget",
        "speaker": "Intervenant 1", "saved": "Tout est enregistré", "undo": "Annuler", "redo": "Rétablir", "find": "Chercher",
        "speakers": "Intervenants", "play": "Lire", "replace": "Tout remplacer", "reading": "compte", "hits": "1 sur 3",
        "keys": "Raccourcis", "done": "Terminé",
    },
}  # fmt: skip
both_languages = pytest.mark.parametrize("locale", WORDS)
Open = Callable[..., Awaitable[Page]]


async def opened(logged_in: Open, who: Person, made: str, locale: str = "en-GB", at: str = "", **options: Any) -> Page:
    page = await logged_in(who, f"/recordings/{made}{at}", locale=locale, **options)
    await page.locator(".segment").first.wait_for()
    return page


def row(page: Page, index: int) -> Any:
    return page.locator(f'.segment[data-index="{index}"]')


async def segment(who: Person, made: str, position: int) -> dict[str, Any]:
    answer = await who.get(f"/api/transcriptions/{made}/segments/{position}")
    found: dict[str, Any] = await answer.json()
    return found


@both_languages
async def test_the_text_follows_the_voice_word_by_word(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = WORDS[locale]
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale)
    await expect(row(page, 0).locator(".said")).to_have_text(words["first"])
    await expect(row(page, 0).locator(".who")).to_contain_text(words["speaker"])
    await expect(page.locator(".waveform canvas").first).to_be_attached()
    assert await violations(page) == []
    # A word that is clicked is where the voice is.
    word = row(page, 2).locator(".word").nth(3)
    await word.click()
    spoken = (await segment(editor, made, 2))["words"][3]
    await expect(row(page, 2)).to_have_class(re.compile("current"))
    await expect(page.locator(".word.now")).not_to_have_count(0)
    at = await page.evaluate("document.querySelector('.seek').valueAsNumber")
    assert at >= int(spoken["start"])
    # The voice goes on by itself, and the mark with it, into the next passage.
    await expect(row(page, 3)).to_have_class(re.compile("current"))
    await page.keyboard.press("k")
    await expect(page.get_by_role("button", name=words["play"], exact=True)).to_be_visible()


@both_languages
async def test_text_is_corrected_in_place_saved_by_itself_undone_and_done_again(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = WORDS[locale]
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale)
    await row(page, 0).locator(".said").dblclick()
    area = row(page, 0).locator("textarea")
    await expect(area).to_be_focused()
    assert await violations(page) == []
    await area.fill("Something else was said.")
    await expect(page.locator(".saved")).to_have_text(words["saved"])
    assert (await segment(editor, made, 0))["text"] == "Something else was said."
    await page.keyboard.press("Escape")
    await expect(area).to_have_count(0)
    await page.get_by_role("button", name=words["undo"], exact=True).click()
    await expect(row(page, 0).locator(".said")).to_have_text(words["first"])
    await expect(page.locator(".saved")).to_have_text(words["saved"])
    assert (await segment(editor, made, 0))["text"] == words["first"]
    await page.keyboard.press("Control+Shift+Z")
    await expect(row(page, 0).locator(".said")).to_have_text("Something else was said.")


@both_languages
async def test_a_pause_after_a_space_glues_no_words_together(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    said, saved = Words(locale), WORDS[locale]["saved"]
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    page = await opened(logged_in, editor, made, locale)
    await row(page, 0).locator(".said").dblclick()
    area = row(page, 0).locator("textarea")
    await area.fill("un mot")
    for typed, text in ((" deux ", "un mot deux"), ("trois", "un mot deux trois")):
        await area.press_sequentially(typed)
        await expect(page.locator(".saved")).to_have_text(said("reader.saved.saving"))
        await expect(page.locator(".saved")).to_have_text(saved)
        assert (await segment(editor, made, 0))["text"] == text
    # In the middle of it, too, where two spaces are one to the API.
    await area.evaluate("(area) => area.setSelectionRange(3, 3)")
    for typed, text in ((" petit ", "un petit mot deux trois"), ("nouveau ", "un petit nouveau mot deux trois")):
        await page.keyboard.type(typed)
        await expect(page.locator(".saved")).to_have_text(said("reader.saved.saving"))
        await expect(page.locator(".saved")).to_have_text(saved)
        assert (await segment(editor, made, 0))["text"] == text


@both_languages
async def test_a_passage_is_split_joined_and_both_undone(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    first, second = (said.text for said in MEETINGS[locale[:2]][:2])
    greeting, question = re.split(r"(?<=\.) ", first)
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale)
    told = page.locator(".toasts")
    await row(page, 0).locator(".said").dblclick()
    await row(page, 0).locator("textarea").evaluate("(area, at) => area.setSelectionRange(at, at)", len(greeting))
    await page.keyboard.press("Control+Enter")
    await expect(row(page, 1).locator("textarea")).to_have_value(question)
    await page.keyboard.press("Escape")
    await expect(row(page, 0).locator(".said")).to_have_text(greeting)
    await page.keyboard.press("Control+z")
    await expect(row(page, 0).locator(".said")).to_have_text(first)
    await expect(told).to_contain_text(words("reader.undone", step=words("reader.step.split")))
    await page.keyboard.press("Control+Shift+Z")
    await expect(row(page, 1).locator(".said")).to_have_text(question)
    await page.keyboard.press("Control+z")
    await expect(row(page, 0).locator(".said")).to_have_text(first)
    # At the beginning of a passage, Backspace joins it to the one before.
    await row(page, 1).locator(".said").dblclick()
    await row(page, 1).locator("textarea").evaluate("(area) => area.setSelectionRange(0, 0)")
    await page.keyboard.press("Backspace")
    await expect(row(page, 0).locator("textarea")).to_have_value(f"{first} {second}")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+z")
    await expect(row(page, 0).locator(".said")).to_have_text(first)
    await expect(told).to_contain_text(words("reader.undone", step=words("reader.step.merge")))


@both_languages
async def test_what_two_people_write_is_shown_to_the_second(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale)
    await page.context.set_offline(True)
    await row(page, 0).locator(".said").dblclick()
    await row(page, 0).locator("textarea").fill("Mine.")
    await expect(page.locator(".saved")).to_have_text(words.of("reader.saved.unreachable", 1))
    changed = await editor.patch(
        f"/api/transcriptions/{made}/segments/0", json={"text": "Theirs."}, headers={"If-Match": "*"}
    )
    assert changed.status == 200
    await page.context.set_offline(False)
    conflict = row(page, 0).locator(".conflict")
    await expect(conflict).to_contain_text(words("reader.conflict"))
    await expect(conflict).to_contain_text("Mine.")
    await expect(conflict).to_contain_text("Theirs.")
    await expect(page.locator(".saved")).to_have_text(words.of("reader.saved.conflict", 1))
    assert await violations(page) == []
    assert (await segment(editor, made, 0))["text"] == "Theirs."
    await page.get_by_role("button", name=words("reader.conflict.keepMine")).click()
    await expect(conflict).to_have_count(0)
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(editor, made, 0))["text"] == "Mine."


async def test_no_keystroke_is_lost_without_a_connection(logged_in: Open, editor: Person, worker: Worker) -> None:
    made = await held_meeting(editor, worker)
    page = await opened(logged_in, editor, made)
    broken = re.compile(r"/api/transcriptions/.*/segments/\d+$")
    await page.route(broken, lambda route: route.abort())
    await row(page, 1).locator(".said").dblclick()
    area = row(page, 1).locator("textarea")
    await area.fill("")
    await area.press_sequentially("Written while nobody listened.")
    await expect(page.locator(".saved")).to_contain_text("No connection")
    # The page itself goes away and comes back: what was typed is there, and is saved when it can be.
    await page.reload()
    await expect(row(page, 1).locator(".said")).to_have_text("Written while nobody listened.")
    await page.unroute(broken)
    await expect(page.locator(".saved")).to_have_text("All saved")
    assert (await segment(editor, made, 1))["text"] == "Written while nobody listened."
    assert await page.evaluate("Object.keys(localStorage).filter((name) => name.includes('.draft.'))") == []


@both_languages
async def test_speakers_are_named_joined_parted_and_given_passages(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = WORDS[locale]
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale)
    await page.get_by_role("tab", name=words["speakers"]).click()
    panel = page.get_by_role("tabpanel")
    name = panel.locator("input.name").first
    await name.fill("Anna Sérusier")
    await name.press("Enter")
    await expect(row(page, 0).locator(".who")).to_contain_text("Anna Sérusier")
    assert await violations(page) == []
    await panel.locator("select").nth(1).select_option("SPEAKER_00")
    await expect(panel.locator(".speaker")).to_have_count(2)
    await expect(row(page, 2).locator(".said")).to_be_visible()
    await expect(row(page, 2).locator(".who")).to_have_count(0)
    await page.get_by_role("button", name=words["undo"], exact=True).click()
    await expect(panel.locator(".speaker")).to_have_count(3)
    # One passage is somebody else's.
    await row(page, 4).locator(".who").click()
    dialog = page.get_by_role("dialog")
    assert await violations(page) == []
    await dialog.locator("input[name=speaker]").last.check()
    await dialog.locator(".field input").fill("Ben")
    await dialog.locator("button[type=submit]").click()
    await expect(row(page, 4).locator(".who")).to_contain_text("Ben")
    await page.get_by_role("button", name=words["undo"], exact=True).click()
    await expect(row(page, 4).locator(".who")).not_to_contain_text("Ben")
    assert (await segment(editor, made, 4))["speaker"] == "SPEAKER_02"


@both_languages
async def test_find_and_replace_over_the_recording(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = WORDS[locale]
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale)
    await page.keyboard.press("Control+f")
    bar = page.get_by_role("search")
    await bar.locator("input").first.fill(words["word"])
    await expect(bar.get_by_role("status")).to_have_text(words["hits"])
    await expect(page.locator(".word.hit")).not_to_have_count(0)
    assert await violations(page) == []
    await bar.locator("input").nth(1).fill(words["reading"])
    await bar.get_by_role("button", name=words["replace"], exact=True).click()
    await expect(page.locator(".saved")).to_have_text(words["saved"])
    text = " ".join(one["text"] for one in (await editor.read(made))["segments"])
    assert words["word"] not in text
    assert text.count(words["reading"]) == 3
    await bar.locator("input").first.press("Escape")
    await page.keyboard.press("Control+z")
    await expect(row(page, 0).locator(".said")).to_have_text(words["first"])
    await expect(page.locator(".saved")).to_have_text(words["saved"])
    text = " ".join(one["text"] for one in (await editor.read(made))["segments"])
    assert text.count(words["word"]) == 3


@both_languages
async def test_text_appears_while_the_work_goes_on(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = (await editor.uploaded(enrichment="false", diarization="false"))["id"]
    page = await logged_in(editor, f"/recordings/{made}", locale=locale)
    await expect(page.locator(".working")).to_be_visible()
    assert await violations(page) == []
    await worker.plan((0.0, 4.0), (4.0, 8.0))
    await worker.do_next()
    await expect(row(page, 0).locator(".said")).to_contain_text("Words of chunk")
    await expect(page.locator(".working")).to_contain_text(words("reader.state.processing"))
    await worker.do_next()
    await expect(page.locator(".working")).to_have_count(0)
    await expect(page.locator(".segment")).to_have_count(2)
    await expect(row(page, 1).locator(".said")).to_have_text("Words of chunk 4.")


async def test_a_link_leads_to_its_second(logged_in: Open, editor: Person, worker: Worker) -> None:
    made = await held_meeting(editor, worker)
    start = (await segment(editor, made, 5))["start"]
    page = await opened(logged_in, editor, made, at=f"?at={start}")
    await expect(row(page, 5)).to_have_class(re.compile("current"))
    await expect(row(page, 5)).to_be_focused()


async def test_a_viewer_reads_and_changes_nothing(logged_in: Open, editor: Person, worker: Worker, person: Any) -> None:
    from app.core.access import Role

    viewer = await person("viewer", project="first", role=Role.VIEWER)
    made = await held_meeting(editor, worker)
    page = await opened(logged_in, viewer, made)
    await row(page, 0).locator(".said").dblclick()
    await page.keyboard.press("e")
    await expect(page.locator("textarea")).to_have_count(0)
    await expect(page.locator(".saved")).to_have_count(0)
    assert await violations(page) == []


async def test_what_is_typed_right_after_a_key_goes_where_the_key_has_led(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    made = await held_meeting(editor, worker)
    page = await opened(logged_in, editor, made)
    await page.keyboard.press("n")
    # No key can come sooner than before the browser has gone on to anything else: to draw, or to a timer.
    right_after = """async (key) => {
        const at = document.activeElement;
        at.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
        for (let turns = 0; turns < 20; turns += 1) await null;
        return [document.activeElement.tagName, Boolean(document.querySelector("dialog[open]"))];
    }"""
    for key, led_to in {"f": ["INPUT", False], "e": ["TEXTAREA", False], "m": ["TEXTAREA", True]}.items():
        assert await page.evaluate(right_after, key) == led_to, key
        await page.keyboard.press("Escape")
        await expect(page.locator("textarea, .findbar, dialog")).to_have_count(0)


async def test_everything_by_the_keyboard_alone(logged_in: Open, editor: Person, worker: Worker) -> None:
    made = await held_meeting(editor, worker)
    page = await opened(logged_in, editor, made)
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Next speaker")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await page.keyboard.press("n")
    await expect(row(page, 2)).to_have_class(re.compile("current"))
    await page.keyboard.press("ArrowDown")
    await expect(row(page, 3)).to_have_class(re.compile("current"))
    await page.keyboard.press("e")
    area = row(page, 3).locator("textarea")
    await expect(area).to_be_focused()
    # While somebody types, keys are letters.
    await page.keyboard.press("Control+a")
    await page.keyboard.type("Junk mail, mind you.")
    await expect(area).to_have_value("Junk mail, mind you.")
    await page.keyboard.press("Enter")
    await expect(row(page, 4).locator("textarea")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(row(page, 4)).to_be_focused()
    await page.keyboard.press("w")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("x")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("Space")
    await expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    await expect(page.locator(".saved")).to_have_text("All saved")
    assert (await segment(editor, made, 3))["text"] == "Junk mail, mind you."


async def test_changes_of_others_come_by_themselves(logged_in: Open, editor: Person, worker: Worker) -> None:
    made = await held_meeting(editor, worker)
    page = await opened(logged_in, editor, made)
    # Once the page listens; until then what it reads is what there is.
    await expect(page.locator(".waveform canvas").first).to_be_attached()
    await asyncio.gather(
        editor.patch(f"/api/transcriptions/{made}/segments/6", json={"text": "From afar."}, headers={"If-Match": "*"}),
        editor.patch(f"/api/transcriptions/{made}/speakers/SPEAKER_02", json={"name": "Carla"}),
    )
    await expect(row(page, 6).locator(".said")).to_have_text("From afar.")
    await expect(row(page, 4).locator(".who")).to_contain_text("Carla")


async def test_findings_lead_to_their_passages_and_what_is_missing_does_no_harm(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    """What a model can find is more than this worker makes: the answers are put into what the API says."""
    made = await held_meeting(editor, worker)
    answers = {
        "summary": None,
        "chapters": [{"title": "The repairs", "start": 0.4, "end": 20.0, "segments": [0, 3]}],
        "points": [{"text": "Three quarters are paid.", "segments": [5], "start": None}],
        "actions": [{"what": "Write to the schools", "who": "Carla", "due": "this afternoon", "segments": [7], "start": None}],
        "decisions": [], "questions": None, "topics": ["budget", "reading room"],
        "entities": [{"text": "Okonkwo", "kind": "person", "segments": [4]}, {"text": "x", "kind": "new", "segments": []}],
        "satisfaction": {"score": 4, "reasons": [{"text": "Done in time.", "segments": [8]}], "quotes": []},
        "translation": {"language": "fr", "segments": [{"segment": 0, "text": "Bonjour à tous."}], "rejected": 0},
        "custom": {"costs": {"paid": "Three quarters", "roofs": [{"what": "It leaks"}], "days": 3}, "older": {"a": "b"}},
        "custom_sources": {
            "costs": [
                {"place": "paid", "segments": [5], "start": None},
                {"place": "roofs[0].what", "segments": [], "start": None},
            ]
        },
    }  # fmt: skip

    async def with_answers(route: Any) -> None:
        answer = await route.fetch()
        body = await answer.json()
        body["enrichment"]["answers"] = answers
        await route.fulfill(response=answer, json=body)

    page = await logged_in(editor, "/account")
    await page.route(f"**/api/transcriptions/{made}", with_answers)
    await page.goto(f"/recordings/{made}")
    panel = page.get_by_role("tabpanel")
    await expect(panel.get_by_role("heading", name="Chapters")).to_be_visible()
    await expect(panel).to_contain_text("Carla · this afternoon")
    assert await violations(page) == []
    actions = panel.locator(".finding").filter(has_text="Write to the schools")
    await actions.get_by_role("button").click()
    await expect(row(page, 7)).to_have_class(re.compile("current"))
    await expect(row(page, 7)).to_be_focused()
    await panel.get_by_role("button", name="The repairs").click()
    await expect(row(page, 0)).to_have_class(re.compile("current"))
    paid, roofs, days = [panel.locator(".finding", has_text="costs").locator("dd").nth(at) for at in range(3)]
    await paid.get_by_role("button").click()
    await expect(row(page, 5)).to_have_class(re.compile("current"))
    await expect(roofs).to_contain_text("were not found")
    for told in (paid, days):
        await expect(told).not_to_contain_text("were not found")


async def test_links_to_passages_lead_to_the_text_on_a_narrow_screen(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker)
    await editor.post(f"/api/transcriptions/{made}/notes", json={"start": 19.0, "end": 20.0, "text": "Ask for it."})
    page = await opened(logged_in, editor, made, viewport={"width": 700, "height": 900})
    text = page.get_by_role("tab", name=words("reader.tab.text"), exact=True)
    speakers = page.get_by_role("tab", name=words("reader.tab.speakers"), exact=True)
    await page.get_by_role("tab", name=words("reader.tab.notes")).click()
    await page.locator(".note .passage").click()
    await expect(text).to_have_attribute("aria-selected", "true")
    current = page.locator(".segment.current")
    await expect(current).to_be_focused()
    await expect(current).to_be_in_viewport()
    await speakers.click()
    await page.get_by_role("button", name=words("reader.firstPassage")).first.click()
    await expect(row(page, 0)).to_be_focused()
    await expect(row(page, 0)).to_be_in_viewport()
    # And so do the places where something is found, and the pen.
    await page.keyboard.press("f")
    await page.get_by_role("search").locator("input").first.fill("budget")
    await speakers.click()
    await page.get_by_role("button", name=words("reader.findNext")).click()
    await expect(page.locator(".word.hit.present")).to_be_in_viewport()
    await speakers.click()
    await page.keyboard.press("e")
    await expect(page.locator(".editor textarea")).to_be_focused()


async def test_no_break_spaces_are_kept_and_text_without_spaces_is_cut_at_the_cursor(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    area = page.locator(".editor textarea")
    await row(page, 0).locator(".said").dblclick()
    await area.fill("Bonjour\u00a0!  Vraiment\u202f?")
    await page.keyboard.press("Escape")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(editor, made, 0))["text"] == "Bonjour\u00a0! Vraiment\u202f?"
    await row(page, 0).locator(".said").dblclick()
    await area.fill("会議を始めます。予算から。")
    await area.evaluate("(area) => area.setSelectionRange(8, 8)")
    await page.keyboard.press("Control+Enter")
    await expect(row(page, 1).locator("textarea")).to_have_value("予算から。")
    await page.keyboard.press("Escape")
    await expect(row(page, 0).locator(".said")).to_have_text("会議を始めます。")


async def test_where_nobody_was_told_apart_nobody_is_asked_who_speaks(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = (await editor.uploaded(enrichment="false", diarization="false"))["id"]
    await worker.plan((0.0, 4.0))
    await worker.do_next()
    page = await opened(logged_in, editor, made)
    await expect(row(page, 0).locator(".tool")).to_be_visible()
    await expect(row(page, 0).locator(".who")).to_have_text(words("reader.nobody"))
    await expect(page.locator("button.who")).to_have_count(0)
    await page.keyboard.press("w")
    # A dialog that is open takes all keys: this one opens because there is none.
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(words("reader.does.edit"))
    await expect(dialog).not_to_contain_text(words("reader.does.who"))
