"""Sets of tasks for the language model: read by a project's members, changed by its owners."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.api.answers import task_sets as answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.keys import DATABASE, PRINCIPAL
from app.api.parameters import PROJECT, TASK_SET
from app.api.requests import check_text, path_id, read_json
from app.core.access import Scope
from app.core.audit import Action
from app.core.errors import Conflict
from app.core.options import EnrichmentTask, TaskPrompt
from app.core.task_sets import MAX_CUSTOM_TASKS, TaskSet, checked_set_name
from app.db import task_sets

routes = web.RouteTableDef()


class NewCustomTask(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[TaskPrompt, Field(min_length=1, description="What is asked, in your words.")]
    schema_: Annotated[
        dict[str, Any],
        Field(
            alias="schema",
            description=(
                "A JSON Schema of the answer, an object. Of JSON Schema there are `type`, `properties`, `required`, `items`,"
                " `enum`, bounds of lengths, of items and of whole numbers."
            ),
        ),
    ]


class NewTaskSet(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tasks: Annotated[
        list[EnrichmentTask], Field(max_length=len(EnrichmentTask), description="In the order in which they are asked.")
    ] = []
    prompts: Annotated[
        dict[EnrichmentTask, TaskPrompt], Field(description="In place of our own instructions, by task.")
    ] = {}
    custom: Annotated[
        dict[str, NewCustomTask],
        Field(max_length=MAX_CUSTOM_TASKS, description="Tasks of your own, by names of small letters."),
    ] = {}


@routes.get("/api/projects/{id}/task-sets")
@contract(
    tag=Tag.PROJECTS,
    access=Access.VIEWER,
    scope=Scope.PROJECTS_READ,
    path={"id": PROJECT},
    answers={200: answers.TaskSets},
)
async def read_all(request: web.Request) -> web.Response:
    """List the sets of tasks that can be asked for in a project: its own, and those that every project has."""
    items = await request.app[DATABASE].run(task_sets.read_all, request[PRINCIPAL], path_id(request))
    return web.json_response({"items": items})


@routes.get("/api/projects/{id}/task-sets/{task_set}")
@contract(
    tag=Tag.PROJECTS,
    access=Access.VIEWER,
    scope=Scope.PROJECTS_READ,
    path={"id": PROJECT, "task_set": TASK_SET},
    answers={200: answers.TaskSet},
)
async def read(request: web.Request) -> web.Response:
    """Give one set of tasks."""
    name = check_text(request.match_info["task_set"], "task_set")
    return web.json_response(
        await request.app[DATABASE].run(task_sets.read, request[PRINCIPAL], path_id(request), name)
    )


@routes.put("/api/projects/{id}/task-sets/{task_set}")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT, "task_set": TASK_SET},
    body=NewTaskSet,
    example={
        "tasks": ["title", "actions"],
        "custom": {
            "weather": {
                "prompt": "What is said of the weather?",
                "schema": {"type": "object", "properties": {"said": {"type": "string", "maxLength": 200}}},
            }
        },
    },
    answers={200: answers.TaskSet, 201: Reply(answers.TaskSet, "It is new.")},
    errors=(Conflict,),
    audited=Action.TASK_SET_CHANGED,
)
async def put(request: web.Request) -> web.Response:
    """Make a set of tasks, or replace one.

    One with the name of a set that every project has takes its place here. Schemas that could lead a model out of bounds
    are refused; bounds that are left out are filled in.
    """
    wanted = await read_json(request, NewTaskSet)
    task_set = TaskSet.from_dict(wanted.model_dump(mode="json", by_alias=True))
    name = checked_set_name(request.match_info["task_set"])
    body, is_new = await request.app[DATABASE].run(task_sets.put, request[PRINCIPAL], path_id(request), name, task_set)
    return web.json_response(body, status=201 if is_new else 200)


@routes.delete("/api/projects/{id}/task-sets/{task_set}")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT, "task_set": TASK_SET},
    answers={204: Reply()},
    audited=Action.TASK_SET_DELETED,
)
async def delete(request: web.Request) -> web.Response:
    """Delete one of a project's own sets of tasks.

    An enrichment that waits and asks for it ends in an error; its transcript is not touched.
    """
    name = check_text(request.match_info["task_set"], "task_set")
    await request.app[DATABASE].run(task_sets.delete, request[PRINCIPAL], path_id(request), name)
    return web.Response(status=204)
