"""The form of the first Vocalyx, told by its names, and put into ours."""

import json
from collections.abc import Mapping
from typing import Any

from app.api.creation import Form, OwnFields
from app.core.errors import InvalidFields, InvalidOptions, UnknownModel
from app.core.options import DEFAULT_TASKS, MAX_TASK_PROMPT_CHARACTERS, TranscriptionOptions
from app.settings import Settings

_OUR_NAMES = {
    "project_name": "project",
    "use_vad": "vad",
    "whisper_model": "model",
    "enrichment_prompts": "prompts",
}
_THEIR_NAMES = {ours: theirs for theirs, ours in _OUR_NAMES.items()}
_CORRECTION = "text_correction"
# There they were off unless asked for, here they are on; and what was sent was transcribed, sent before or not.
_THEIR_DEFAULTS = {"diarization": "false", "enrichment": "false", "reuse": "false"}
_OUR_TASKS = {"bullet_points": "points"}
_NO = frozenset({"", "false", "0", "off", "no", "f", "n"})


class EitherFields(OwnFields):
    """Reads our form or, where one of its names comes, that of the first Vocalyx: `is_original` tells which it was."""

    is_original = False

    def wanted(self, form: Form, settings: Settings) -> tuple[TranscriptionOptions, bool]:
        self.is_original = any(name in form.values for name in (*_OUR_NAMES, _CORRECTION))
        if not self.is_original:
            return super().wanted(form, settings)
        values = _in_our_names(form.values)
        try:
            return super().wanted(Form(values=values), settings)
        except InvalidFields as error:
            faults = [fault | {"field": _in_their_names(fault["field"])} for fault in error.errors]
            raise InvalidFields(faults, detail=error.detail, remedy=error.remedy) from error
        except (InvalidOptions, UnknownModel) as error:
            error.field = _in_their_names(error.field or "") or None
            raise

    def project(self, form: Form) -> str | None:
        return form.values.get("project_name") or super().project(form)

    def has_model(self, form: Form) -> bool:
        return "whisper_model" in form.values or super().has_model(form)


def no_correction() -> InvalidFields:
    """Return what is raised where a text is to be corrected by a model."""
    return InvalidFields([{"field": _CORRECTION, "message": "The text is not corrected here; send false."}])


def our_prompts(prompts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a client's own instructions by our tasks; `InvalidFields` for a task that is not known here."""
    given = {_OUR_TASKS.get(task, task): prompt for task, prompt in prompts.items()}
    faults = [
        {"field": f"enrichment_prompts.{task}"[:200], "message": "Not asked for here."}
        for task in prompts
        if _OUR_TASKS.get(task, task) not in set(DEFAULT_TASKS)
    ]
    faults += [
        {"field": f"enrichment_prompts.{task}", "message": f"Longer than {MAX_TASK_PROMPT_CHARACTERS} characters."}
        for task, prompt in given.items()
        if task in set(DEFAULT_TASKS) and isinstance(prompt, str) and len(prompt) > MAX_TASK_PROMPT_CHARACTERS
    ]
    if faults:
        raise InvalidFields(faults[:20])
    return given


def _in_our_names(values: Mapping[str, str]) -> dict[str, str]:
    twice = [ours for theirs, ours in _OUR_NAMES.items() if theirs in values and ours in values]
    if twice:
        raise InvalidFields(
            [{"field": _THEIR_NAMES[ours], "message": f"The same as '{ours}', which was sent, too."} for ours in twice]
        )
    if values.get(_CORRECTION, "").lower() not in _NO:
        raise no_correction()
    given = {_OUR_NAMES.get(name, name): value for name, value in values.items() if name != _CORRECTION}
    if given.get("prompts"):
        given["prompts"] = _with_our_tasks(given["prompts"])
    return _THEIR_DEFAULTS | given


def _with_our_tasks(text: str) -> str:
    """Return the prompts with our names for what they ask; what is no such object is judged elsewhere."""
    try:
        prompts = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(prompts, dict):
        return text
    return json.dumps(our_prompts(prompts))


def _in_their_names(field: str) -> str:
    first, dot, rest = field.partition(".")
    return f"{_THEIR_NAMES.get(first, first)}{dot}{rest}"
