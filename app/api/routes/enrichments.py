"""Enrichments made anew with other options, and the earlier ones."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.api import answers
from app.api.answers import enrichments as versions
from app.api.contract import Access, Reply, Tag, contract
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL, SETTINGS
from app.api.original import shapes
from app.api.original.fields import no_correction, our_prompts
from app.api.parameters import OPTIONS, TRANSCRIPTION
from app.api.requests import path_id, read_json
from app.api.seen import seen
from app.api.volume.threads import looked_up
from app.catalog.served import require_language_model
from app.core.audit import Action
from app.core.errors import IllegalTransition, InvalidOptions, UnknownModel
from app.core.options import EnrichmentTask, ModelName, TaskPrompt, TaskSetName, TranscriptionOptions
from app.core.task_sets import UnknownTaskSet
from app.db import enrichments

routes = web.RouteTableDef()

LanguageCode = Annotated[str, Field(max_length=3)]


class NewEnrichment(BaseModel):
    """What is left out is as it was the last time."""

    model_config = ConfigDict(extra="forbid")

    llm_model: Annotated[ModelName | None, Field(description="An installed language model.")] = None
    prompts: Annotated[dict[EnrichmentTask, TaskPrompt] | None, Field(description=OPTIONS["prompts"])] = None
    tasks: Annotated[
        list[EnrichmentTask] | None,
        Field(min_length=1, max_length=len(EnrichmentTask), description=OPTIONS["tasks"]),
    ] = None
    task_set: Annotated[TaskSetName | None, Field(description=OPTIONS["task_set"])] = None
    answer_language: Annotated[LanguageCode | None, Field(description=OPTIONS["answer_language"])] = None
    translation_language: Annotated[LanguageCode | None, Field(description=OPTIONS["translation_language"])] = None

    @model_validator(mode="after")
    def _asks_in_one_way(self) -> Self:
        # The same rules as where a recording is sent: two that contradict each other are `InvalidOptions`.
        TranscriptionOptions(
            tasks=None if self.tasks is None else tuple(self.tasks),
            task_set=self.task_set,
            answer_language=self.answer_language,
            translation_language=self.translation_language,
        )
        return self


class OriginalEnrichmentWish(BaseModel):
    """As the first Vocalyx had it. What is left out is as it was the last time."""

    llm_model: ModelName | None = None
    enrichment_prompts: dict[str, str] | None = None
    text_correction: Annotated[bool | None, Field(description="`false`: the text is not corrected here.")] = None


@routes.get("/api/transcriptions/{id}/enrichments")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    answers={200: versions.EnrichmentVersions},
)
async def read(request: web.Request) -> web.Response:
    """Give every finished enrichment of a transcription, the newest first, with what it was asked for with."""
    items = await request.app[DATABASE].run(enrichments.read, request[PRINCIPAL], path_id(request))
    return web.json_response({"items": items})


@routes.post("/api/transcriptions/{id}/enrichments")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    body=NewEnrichment,
    example={"prompts": {"summary": "Summarise in three sentences."}},
    answers={202: Reply(answers.TranscriptionSummary, "It is queued.")},
    errors=(IllegalTransition, InvalidOptions, UnknownModel, UnknownTaskSet),
    audited=Action.TRANSCRIPTION_ENRICHED,
)
async def renew(request: web.Request) -> web.Response:
    """Have the enrichment made anew, from the text as people corrected it; also where none was asked for before.

    409 while the transcription is worked on, or where there is no finished text.

    A key that was narrowed and lacks `transcriptions:read` is shown nothing of what was said: neither the text nor what a
    model has written of it.
    """
    wish = await read_json(request, NewEnrichment)
    given = wish.model_dump(mode="json", exclude_none=True)
    return web.json_response(seen(request[PRINCIPAL], await _asked(request, given)), status=202)


@routes.post("/api/transcriptions/{id}/re-enrich")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    body=OriginalEnrichmentWish,
    example={"enrichment_prompts": {"summary": "Summarise in three sentences."}},
    answers={200: answers.OriginalTask},
    errors=(IllegalTransition, UnknownModel),
    audited=Action.TRANSCRIPTION_ENRICHED,
)
async def re_enrich(request: web.Request) -> web.Response:
    """Have the enrichment made anew."""
    return await _re_enriched(request)


@routes.post("/api/user/transcriptions/{id}/re-enrich")
@contract(
    tag=Tag.ORIGINAL,
    access=Access.EDITOR,
    path={"id": TRANSCRIPTION},
    body=OriginalEnrichmentWish,
    example={"enrichment_prompts": {"summary": "Summarise in three sentences."}},
    answers={200: answers.OriginalTask},
    errors=(IllegalTransition, UnknownModel),
    audited=Action.TRANSCRIPTION_ENRICHED,
)
async def re_enrich_at_the_other_address(request: web.Request) -> web.Response:
    """Have the enrichment made anew."""
    return await _re_enriched(request)


async def _re_enriched(request: web.Request) -> web.Response:
    wish = await read_json(request, OriginalEnrichmentWish)
    given: dict[str, Any] = {"llm_model": wish.llm_model} if wish.llm_model else {}
    if wish.enrichment_prompts is not None:
        given["prompts"] = our_prompts(wish.enrichment_prompts)
    if wish.text_correction:
        raise no_correction()
    return web.json_response(shapes.task(await _asked(request, given)))


async def _asked(request: web.Request, given: Mapping[str, Any]) -> dict[str, Any]:
    app = request.app
    if given.get("llm_model"):
        settings = app[SETTINGS]
        await looked_up(require_language_model, settings.models_dir, settings.served_models, given["llm_model"])
    asked = await app[DATABASE].run(enrichments.renew, request[PRINCIPAL], path_id(request), given)
    await app[DELIVERY].follow(asked.outcome)
    return asked.summary
