"""Two people at one recording: what one of them has written is not overwritten by the other without being seen."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.meetings import MEETINGS, held_meeting
from tests.browser.test_reader import Open, opened, row, segment
from tests.browser.words import LOCALES, Words

both_languages = pytest.mark.parametrize("locale", LOCALES)


async def correct(who: Person, made: str, position: int, text: str) -> None:
    answer = await who.patch(
        f"/api/transcriptions/{made}/segments/{position}", json={"text": text}, headers={"If-Match": "*"}
    )
    assert answer.status == 200


async def listens(page: Page, who: Person, made: str) -> None:
    """Wait until the page takes in what others do."""
    await correct(who, made, 8, "Somebody is here, too.")
    await expect(row(page, 8).locator(".said")).to_have_text("Somebody is here, too.")


async def parted(who: Person, made: str, position: int, word: int) -> None:
    answer = await who.post(
        f"/api/transcriptions/{made}/segments/{position}/split", json={"word": word}, headers={"If-Match": "*"}
    )
    assert answer.status == 200


async def joined(who: Person, made: str, position: int) -> None:
    """Join a passage with the next one."""
    answer = await who.post(f"/api/transcriptions/{made}/segments/{position}/merge", headers={"If-Match": "*"})
    assert answer.status == 200


async def given(who: Person, made: str, position: int, speaker: str) -> None:
    answer = await who.patch(
        f"/api/transcriptions/{made}/segments/speaker", json={"segments": [position], "speaker": speaker}
    )
    assert answer.status == 200


async def write(page: Page, index: int, text: str) -> None:
    await row(page, index).locator(".said").dblclick()
    await row(page, index).locator("textarea").fill(text)
    await page.keyboard.press("Escape")


async def write_at(page: Page, index: int, place: int, key: str) -> None:
    """Press a key in a passage, behind so many of its characters."""
    await row(page, index).locator(".said").dblclick()
    await row(page, index).locator("textarea").evaluate("(area, at) => area.setSelectionRange(at, at)", place)
    await page.keyboard.press(key)


def undo(page: Page, words: Words) -> Any:
    return page.locator(".tools").get_by_role("button", name=words("reader.undo"), exact=True)


@both_languages
async def test_undo_leaves_what_somebody_else_has_written_since(
    logged_in: Open, editor: Person, owner: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    page = await opened(logged_in, editor, made, locale)
    await listens(page, owner, made)
    for index, text in ((1, "Mine, and first."), (0, "Mine.")):
        await row(page, index).locator(".said").dblclick()
        await row(page, index).locator("textarea").fill(text)
        await page.keyboard.press("Escape")
        await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await correct(owner, made, 0, "Theirs.")
    await expect(row(page, 0).locator(".said")).to_have_text("Theirs.")
    await page.keyboard.press("Control+z")
    await expect(page.locator(".toasts")).to_contain_text(words("reader.changedMeanwhile"))
    assert (await segment(owner, made, 0))["text"] == "Theirs."
    # What was done before it can still be undone.
    await page.keyboard.press("Control+z")
    await expect(row(page, 1).locator(".said")).to_have_text(MEETINGS[locale[:2]][1].text)
    await expect(row(page, 0).locator(".said")).to_have_text("Theirs.")
    assert (await segment(owner, made, 0))["text"] == "Theirs."


async def test_what_others_write_in_an_open_editor_is_no_step_of_ones_own(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    await row(page, 0).locator(".said").dblclick()
    area = row(page, 0).locator("textarea")
    await correct(owner, made, 0, "Theirs.")
    await expect(area).to_have_value("Theirs.")
    await page.keyboard.press("Escape")
    await expect(area).to_have_count(0)
    await expect(undo(page, words)).to_be_disabled()
    # Where one writes on in their text, that alone is undone.
    await row(page, 0).locator(".said").dblclick()
    await area.fill("Mine.")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await correct(owner, made, 0, "Theirs again.")
    await expect(area).to_have_value("Theirs again.")
    await area.fill("Theirs again, and mine.")
    await page.keyboard.press("Escape")
    await undo(page, words).click()
    await expect(row(page, 0).locator(".said")).to_have_text("Theirs again.")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(owner, made, 0))["text"] == "Theirs again."


async def test_undoing_a_replacement_leaves_passages_that_somebody_else_has_changed(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    await page.keyboard.press("Control+f")
    bar = page.get_by_role("search")
    await bar.locator("input").first.fill("budget")
    await bar.locator("input").nth(1).fill("figures")
    await bar.get_by_role("button", name=words("reader.replaceAll"), exact=True).click()
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await correct(owner, made, 5, "Theirs.")
    await expect(row(page, 5).locator(".said")).to_have_text("Theirs.")
    await undo(page, words).click()
    await expect(row(page, 0).locator(".said")).to_have_text(MEETINGS["en"][0].text)
    await expect(page.locator(".toasts")).to_contain_text(words("reader.changedMeanwhile"))
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(owner, made, 0))["text"] == MEETINGS["en"][0].text
    assert (await segment(owner, made, 5))["text"] == "Theirs."


async def noted(who: Person, made: str, text: str) -> str:
    """Write a note on the first passage; return its address."""
    answer = await who.post(f"/api/transcriptions/{made}/notes", json={"start": 0.4, "end": 3.0, "text": text})
    return f"/api/transcriptions/{made}/notes/{(await answer.json())['id']}"


async def rewrite(who: Person, note: str, text: str) -> None:
    answer = await who.patch(note, json={"text": text}, headers={"If-Match": "*"})
    assert answer.status == 200


async def note_says(who: Person, made: str) -> list[str]:
    listed = await (await who.get(f"/api/transcriptions/{made}/notes")).json()
    return [note["text"] for note in listed["items"]]


@both_languages
async def test_a_note_goes_over_what_one_has_seen_alone(
    logged_in: Open, editor: Person, owner: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    address = await noted(owner, made, "As it was.")
    page = await opened(logged_in, editor, made, locale)
    await page.get_by_role("tab", name=words("reader.tab.notes")).click()
    change = page.get_by_role("button", name=words("reader.noteChange"), exact=True)
    text = page.get_by_role("dialog").locator("textarea")
    save = page.get_by_role("dialog").locator("button[type=submit]")
    note, told = page.locator(".note-text"), page.get_by_role("dialog").locator(".notice")
    # What was given up is not there again over what somebody has written since.
    await change.click()
    await text.fill("Given up.")
    await page.get_by_role("dialog").get_by_role("button", name=words("action.cancel")).click()
    await rewrite(owner, address, "Theirs.")
    await expect(note).to_have_text("Theirs.")
    await change.click()
    await expect(text).to_have_value("Theirs.")
    # What was changed meanwhile is shown, and then one's own goes over it.
    await text.fill("Mine.")
    await rewrite(owner, address, "Theirs again.")
    await save.click()
    await expect(told).to_have_text(f"{words('reader.noteChanged')}Theirs again.")
    assert await note_says(owner, made) == ["Theirs again."]
    await save.click()
    await expect(note).to_have_text("Mine.")
    assert await note_says(owner, made) == ["Mine."]
    # So is it where the page went away before one's own was saved.
    await change.click()
    await text.fill("Mine, and more.")
    await rewrite(owner, address, "Theirs at last.")
    await page.reload()
    await page.get_by_role("tab", name=words("reader.tab.notes")).click()
    await expect(note).to_have_text("Theirs at last.")
    await change.click()
    await expect(text).to_have_value("Mine, and more.")
    await expect(told).to_contain_text("Theirs at last.")
    await save.click()
    await expect(note).to_have_text("Mine, and more.")
    assert await note_says(owner, made) == ["Mine, and more."]


async def describe(page: Page, words: Words, button: str, field: str, text: str) -> None:
    """Give the recording a name or a label."""
    dialog = page.get_by_role("dialog")
    await page.get_by_role("button", name=words(button), exact=True).click()
    await dialog.get_by_label(words(field)).fill(text)
    await dialog.get_by_role("button", name=words("action.save")).click()
    await expect(dialog).to_have_count(0)


async def test_undo_leaves_the_name_that_somebody_else_has_given_since(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    title = page.get_by_role("heading", level=1)
    await write(page, 0, "Mine.")
    await describe(page, words, "reader.rename", "reader.recordingName", "Mine")
    await expect(title).to_have_text("Mine")
    answer = await owner.patch(f"/api/transcriptions/{made}", json={"name": "Theirs"}, headers={"If-Match": "*"})
    assert answer.status == 200
    await expect(title).to_have_text("Theirs")
    await page.keyboard.press("Control+z")
    await expect(page.locator(".toasts")).to_contain_text(words("reader.changedMeanwhile"))
    assert (await owner.read(made))["name"] == "Theirs"
    # What was done before it can still be undone.
    await page.keyboard.press("Control+z")
    await expect(row(page, 0).locator(".said")).to_have_text(MEETINGS["en"][0].text)


async def test_undo_takes_ones_own_labels_alone(logged_in: Open, editor: Person, owner: Person, worker: Worker) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    labels = page.locator(".tags li")
    await describe(page, words, "reader.setLabels", "home.newLabel", "mine")
    await expect(labels).to_have_text(["mine"])
    answer = await owner.patch(
        f"/api/transcriptions/{made}", json={"labels": ["mine", "theirs"]}, headers={"If-Match": "*"}
    )
    assert answer.status == 200
    await expect(labels).to_have_text(["mine", "theirs"])
    await page.keyboard.press("Control+z")
    await expect(labels).to_have_text(["theirs"])
    await page.keyboard.press("Control+Shift+Z")
    await expect(labels).to_have_text(["theirs", "mine"])
    await page.keyboard.press("Control+z")
    await expect(labels).to_have_text(["theirs"])
    assert (await owner.read(made))["labels"] == ["theirs"]


async def test_undo_leaves_what_somebody_else_has_said_of_a_speaker_since(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    speakers = f"/api/transcriptions/{made}/speakers"
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    told = page.locator(".toast.bad", has_text=words("reader.changedMeanwhile"))
    await page.get_by_role("tab", name=words("reader.tab.speakers")).click()
    panel = page.get_by_role("tabpanel")
    await panel.locator("input.name").first.fill("Anna")
    await panel.locator("input.name").first.press("Enter")
    await expect(row(page, 0).locator(".who")).to_contain_text("Anna")
    # The second one is the first one, to the one; the third one, to the other.
    await panel.locator("select").nth(1).select_option("SPEAKER_00")
    await expect(panel.locator(".speaker")).to_have_count(2)
    assert (await owner.delete(f"{speakers}/SPEAKER_01/merge")).status == 200
    assert (await owner.post(f"{speakers}/SPEAKER_01/merge", json={"into": "SPEAKER_02"})).status == 200
    assert (await owner.patch(f"{speakers}/SPEAKER_00", json={"name": "Anne"})).status == 200
    await expect(row(page, 0).locator(".who")).to_contain_text("Anne")
    await undo(page, words).click()
    await expect(told).to_have_count(1)
    await undo(page, words).click()
    await expect(told).to_have_count(2)
    await expect(undo(page, words)).to_be_disabled()
    found = {one["label"]: one for one in (await owner.read(made))["speakers"]}
    assert found.keys() == {"SPEAKER_00", "SPEAKER_02"}
    assert found["SPEAKER_00"]["name"] == "Anne"
    assert found["SPEAKER_02"]["merged"][0]["into"] == "SPEAKER_02"


async def test_undo_leaves_passages_that_somebody_else_has_given_to_others_since(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    await row(page, 4).locator(".who").click()
    dialog = page.get_by_role("dialog")
    await dialog.locator("input[name=speaker]").last.check()
    await dialog.locator(".field input").fill("Ben")
    await dialog.locator("input[name=which]").last.check()
    await dialog.locator("button[type=submit]").click()
    await expect(row(page, 7).locator(".who")).to_contain_text("Ben")
    await given(owner, made, 7, "SPEAKER_00")
    await expect(row(page, 7).locator(".who")).to_have_count(0)
    await undo(page, words).click()
    await expect(page.locator(".toasts")).to_contain_text(words("reader.changedMeanwhile"))
    await expect(row(page, 4).locator(".who")).to_contain_text(words("reader.speakerNumber", number="3"))
    assert (await segment(owner, made, 4))["speaker"] == "SPEAKER_02"
    assert (await segment(owner, made, 7))["speaker"] == "SPEAKER_00"
    # So does what is done again, and undone once more.
    await page.keyboard.press("Control+Shift+Z")
    await expect(row(page, 4).locator(".who")).to_contain_text("Ben")
    await undo(page, words).click()
    await expect(row(page, 4).locator(".who")).to_contain_text(words("reader.speakerNumber", number="3"))
    assert (await segment(owner, made, 7))["speaker"] == "SPEAKER_00"


async def test_undo_joins_no_passages_but_those_that_one_has_parted(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words, (first, second) = Words("en-GB"), MEETINGS["en"][:2]
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    await write_at(page, 0, len("Good morning, everybody."), "Control+Enter")
    await expect(row(page, 1).locator("textarea")).to_be_focused()
    await page.keyboard.press("Escape")
    await joined(owner, made, 0)
    await expect(row(page, 0).locator(".said")).to_have_text(first.text)
    await page.keyboard.press("Control+z")
    await expect(page.locator(".toasts")).to_contain_text(words("reader.changedMeanwhile"))
    assert (await segment(owner, made, 0))["text"] == first.text
    assert (await segment(owner, made, 1))["text"] == second.text


async def test_undo_parts_no_passage_that_somebody_else_has_written_anew(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words, theirs = Words("en-GB"), "Theirs is longer, and the place of the joint is somewhere else in it."
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    await write_at(page, 1, 0, "Backspace")
    await expect(row(page, 0).locator("textarea")).to_be_focused()
    await page.keyboard.press("Escape")
    await correct(owner, made, 0, theirs)
    await expect(row(page, 0).locator(".said")).to_have_text(theirs)
    await page.keyboard.press("Control+z")
    await expect(page.locator(".toasts")).to_contain_text(words("reader.changedMeanwhile"))
    assert (await segment(owner, made, 0))["text"] == theirs


async def test_a_step_that_is_refused_is_not_in_the_way_of_those_before_it(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    await write(page, 1, "Mine.")
    await write_at(page, 0, len("Good morning, everybody."), "Control+Enter")
    await expect(row(page, 1).locator("textarea")).to_be_focused()
    await page.keyboard.press("Escape")
    # Passages of two speakers are not joined.
    await given(owner, made, 1, "SPEAKER_01")
    await expect(row(page, 1).locator(".who")).to_contain_text(words("reader.speakerNumber", number="2"))
    await page.keyboard.press("Control+z")
    await expect(page.locator(".toast.bad")).to_have_count(1)
    await page.keyboard.press("Control+z")
    await expect(row(page, 2).locator(".said")).to_have_text(MEETINGS["en"][1].text)
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(owner, made, 2))["text"] == MEETINGS["en"][1].text


async def test_a_passage_that_is_gone_is_not_in_the_way_of_the_steps_before_it(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    await write(page, 0, "Mine.")
    await row(page, 4).locator(".who").click()
    dialog = page.get_by_role("dialog")
    await dialog.locator("input[name=speaker]").nth(1).check()
    await dialog.locator("button[type=submit]").click()
    await expect(row(page, 4).locator(".who")).to_have_count(0)
    await joined(owner, made, 3)
    await expect(row(page, 3).locator(".said")).to_have_text(re.compile("Okonkwo"))
    await page.keyboard.press("Control+z")
    await expect(page.locator(".toasts")).to_contain_text(words("reader.cannotUndo"))
    await page.keyboard.press("Control+z")
    await expect(row(page, 0).locator(".said")).to_have_text(MEETINGS["en"][0].text)
