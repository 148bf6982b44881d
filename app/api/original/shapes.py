"""Answers in the shapes of the first Vocalyx. What has no counterpart here is null."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from app.core.languages import separator
from app.core.options import TranscriptionOptions
from app.core.states import TranscriptionState

STATES = {
    "pending": (TranscriptionState.PENDING, TranscriptionState.QUEUED),
    "processing": (TranscriptionState.PROCESSING, TranscriptionState.TRANSCRIBED),
    "done": (TranscriptionState.DONE,),
    "error": (TranscriptionState.ERROR, TranscriptionState.CANCELLED),
}
"""Its four states, and what each of them is here."""

_STATUS = {state: status for status, states in STATES.items() for state in states}
_TASK_STATUS = {"pending": "PENDING", "processing": "STARTED", "done": "SUCCESS", "error": "FAILURE"}
_CANCELLED = "The transcription was cancelled."


def reading(body: Mapping[str, Any], project: str) -> dict[str, Any]:
    """Return what a reader of one transcription looks for, under its names; `body` is ours, with the text."""
    text = None if body["partial"] else _text(body)
    return {
        "status": _status(body),
        "project_name": project,
        "duration": body["duration_seconds"],
        "text": text,
        "segments_count": None if text is None else len(body["segments"]),
        "error_message": _error(body),
    }


def transcription(body: Mapping[str, Any], project: str) -> dict[str, Any]:
    """Return a transcription; without its text where `body` has none, as in lists."""
    options, enrichment = body["options"], body["enrichment"]
    found = reading(body, project) if "segments" in body else reading({**body, "partial": True}, project)
    return found | {
        "id": body["id"],
        "worker_id": None,
        "celery_task_id": body["id"],
        "file_path": body["name"],
        "language": body["language"],
        "processing_time": _seconds_between(body["started_at"], body["finished_at"]),
        "segments": None if found["text"] is None else body["segments"],
        "vad_enabled": options["vad"],
        "diarization_enabled": options["diarization"],
        "enrichment_requested": options["enrichment"],
        "whisper_model": options["model"],
        "llm_model": options["llm_model"],
        "enrichment_prompts": {
            "bullet_points" if task == "points" else task: text for task, text in options["prompts"].items()
        }
        or None,
        "enrichment_status": enrichment and enrichment["state"],
        "enrichment_data": enrichment and _enrichment(enrichment),
        "enrichment_error": enrichment and enrichment["error"] and enrichment["error"].get("detail"),
        "enrichment_worker_id": None,
        "enrichment_processing_time": None,
        "text_correction": False,
        "enriched_text": None,
        "enhanced_text": None,
        "created_at": body["created_at"],
        "finished_at": body["finished_at"],
    }


def task(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of the task that a transcription is; both have one id."""
    status = _status(body)
    info = {"transcription_id": body["id"], "stage": body["stage"], "percent": body["percent"]}
    ended = status in ("done", "error")
    result = {"transcription_id": body["id"], "status": status, "error": _error(body)} if ended else None
    return {"task_id": body["id"], "status": _TASK_STATUS[status], "result": result, "info": info}


def counts(by_state: Mapping[TranscriptionState, int]) -> dict[str, int]:
    """Return how many there are in each of its states."""
    found = {status: sum(by_state.get(state, 0) for state in states) for status, states in STATES.items()}
    total = sum(found.values())
    return {"total_filtered": total, **found, "total_global": total}


def user(who: Any, projects: Iterable[Any]) -> dict[str, Any]:
    """Return a user and their projects."""
    return {
        "id": str(who.id),
        "username": who.username,
        "is_admin": who.administrator,
        "created_at": who.created_at.isoformat(),
        "last_login_at": None,
        "projects": [project(found) for found in projects],
    }


def project(found: Any) -> dict[str, Any]:
    """Return a project."""
    return {"id": str(found.id), "name": found.name, "created_at": found.created_at.isoformat()}


def _status(body: Mapping[str, Any]) -> str:
    return _STATUS[TranscriptionState(body["state"])]


def _text(body: Mapping[str, Any]) -> str:
    language = TranscriptionOptions.from_dict(body["options"]).text_language(body["language"])
    return separator(language).join(segment["text"] for segment in body["segments"])


def _error(body: Mapping[str, Any]) -> str | None:
    if body["state"] == TranscriptionState.CANCELLED:
        return _CANCELLED
    return body["error"] and " ".join(body["error"][part] for part in ("detail", "remedy") if body["error"].get(part))


def _enrichment(enrichment: Mapping[str, Any]) -> dict[str, Any]:
    return {"title": enrichment["title"], "summary": enrichment["summary"], "bullet_points": enrichment["points"]}


def _seconds_between(begin: str | None, end: str | None) -> float | None:
    if begin is None or end is None:
        return None
    return (dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(begin)).total_seconds()
