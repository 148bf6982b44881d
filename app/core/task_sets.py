"""What is asked of a recording together: the sets that everybody has, and those of a project with its own tasks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from app.core.answer_schema import RefusedSchema, checked_schema
from app.core.errors import InvalidFields, VocalyxError
from app.core.options import DEFAULT_TASKS, TASK_SET_NAME, EnrichmentTask, TranscriptionOptions

MAX_CUSTOM_TASKS = 10
MAX_TASK_SETS = 50

CUSTOM_TASK_NAME = r"[a-z][a-z0-9_]{0,39}"


class UnknownTaskSet(VocalyxError):
    status = 422
    code = "unknown-task-set"
    title = "There is no such set of tasks"
    default_detail = "The project has no set of tasks of this name."
    default_remedy = "Choose one that GET /api/projects/{id}/task-sets lists, or name the tasks."


@dataclass(frozen=True, slots=True)
class CustomTask:
    """A project's own question: its instruction, and the checked schema of the answer."""

    prompt: str
    schema: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {"prompt": self.prompt, "schema": dict(self.schema)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSet:
    """`prompts` replaces the instruction of a task; `custom` are the project's own tasks by their names."""

    tasks: tuple[EnrichmentTask, ...]
    prompts: Mapping[EnrichmentTask, str] = field(default_factory=dict)
    custom: Mapping[str, CustomTask] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            "tasks": [str(task) for task in self.tasks],
            "prompts": {str(task): prompt for task, prompt in self.prompts.items()},
            "custom": {name: task.to_dict() for name, task in self.custom.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` gave, or read what a client sent. Raises `InvalidFields`."""
        tasks = [EnrichmentTask(task) for task in values["tasks"]]
        prompts = {EnrichmentTask(task): prompt for task, prompt in values.get("prompts", {}).items()}
        custom: dict[str, CustomTask] = {}
        faults: list[dict[str, Any]] = []
        for name, task in values.get("custom", {}).items():
            try:
                custom[_checked_name(name)] = CustomTask(task["prompt"], checked_schema(task["schema"]))
            except RefusedSchema as refused:
                place = f"custom.{name}.schema.{refused.place}".rstrip(".")
                faults.append({"field": place[:200], "code": "schema", "message": str(refused)})
            except ValueError as error:
                code = "taken" if name in custom else "wrong-form"
                faults.append({"field": f"custom.{name}"[:200], "code": code, "message": str(error)})
        if len(values.get("custom", {})) > MAX_CUSTOM_TASKS:
            message = f"More than {MAX_CUSTOM_TASKS} tasks of your own."
            bounds = {"most": MAX_CUSTOM_TASKS}
            faults = [{"field": "custom", "code": "too-many", "message": message, "bounds": bounds}]
        if not tasks and not custom and not faults:
            faults = [{"field": "tasks", "code": "missing", "message": "A set needs a task at least."}]
        if faults:
            raise InvalidFields(faults[:20])
        return cls(tasks=tuple(dict.fromkeys(tasks)), prompts=prompts, custom=custom)


def checked_set_name(name: str) -> str:
    """Return a name that a set may have. Raises `InvalidFields`."""
    if not re.fullmatch(TASK_SET_NAME, name):
        message = (
            "A name is 1 to 40 small letters, digits, hyphens or underscores, and begins with a letter or a digit."
        )
        raise InvalidFields([{"field": "task_set", "code": "wrong-form", "message": message}])
    return name


def _checked_name(name: str) -> str:
    if not re.fullmatch(CUSTOM_TASK_NAME, name):
        raise ValueError("A name is 1 to 40 small letters, digits or underscores, and begins with a letter.")
    if name in set(EnrichmentTask):
        raise ValueError("There is a task of this name already.")
    return name


_TASK = EnrichmentTask

BUILT_IN: Mapping[str, TaskSet] = MappingProxyType(
    {
        "meeting": TaskSet(
            tasks=(
                _TASK.TITLE,
                _TASK.SUMMARY,
                _TASK.POINTS,
                _TASK.CHAPTERS,
                _TASK.ACTIONS,
                _TASK.DECISIONS,
                _TASK.QUESTIONS,
            )
        ),
        "call": TaskSet(tasks=(_TASK.TITLE, _TASK.SUMMARY, _TASK.POINTS, _TASK.ACTIONS, _TASK.SATISFACTION)),
        "interview": TaskSet(
            tasks=(_TASK.TITLE, _TASK.SUMMARY, _TASK.DETAILED_SUMMARY, _TASK.CHAPTERS, _TASK.TOPICS, _TASK.ENTITIES)
        ),
        "lecture": TaskSet(
            tasks=(_TASK.TITLE, _TASK.SUMMARY, _TASK.DETAILED_SUMMARY, _TASK.POINTS, _TASK.CHAPTERS, _TASK.TOPICS)
        ),
    }
)
"""The sets that every project has. One of its own with the same name takes the place."""


def asked(options: TranscriptionOptions, of_project: TaskSet | None) -> TaskSet:
    """Return what an enrichment is asked for: the options' tasks, or those of its set; prompts of the options win.

    `of_project` is the project's own set of the name in the options; None where it has none. Raises `UnknownTaskSet`.
    """
    if options.tasks is not None:
        return TaskSet(tasks=tuple(dict.fromkeys(options.tasks)), prompts=options.prompts)
    if options.task_set is None:
        return TaskSet(tasks=DEFAULT_TASKS, prompts=options.prompts)
    chosen = of_project or BUILT_IN.get(options.task_set)
    if chosen is None:
        raise UnknownTaskSet(f"The project has no set of tasks named {options.task_set!r}.", field="task_set")
    return TaskSet(tasks=chosen.tasks, prompts={**chosen.prompts, **options.prompts}, custom=chosen.custom)
