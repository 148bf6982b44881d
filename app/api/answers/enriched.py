"""What the language model found in a transcript, task by task. Segments are named by their `position`.

A task that was not asked for is absent; one that failed is `null`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.answers.base import Answer
from app.core.personal_data import PersonalKind

Segments = Annotated[
    list[Annotated[int, Field(ge=0)]],
    Field(description="Those that it rests on; none where the answer is in another language than the recording."),
]
Start = Annotated[float | None, Field(ge=0, description="Seconds, of the first of these segments.")]


class Text(Answer):
    text: str


class Statement(Answer):
    text: str
    segments: Segments
    start: Start


class Chapter(Answer):
    """They follow one another without a gap."""

    title: str
    start: Annotated[float, Field(ge=0)]
    end: Annotated[float, Field(ge=0)]
    segments: Annotated[list[int], Field(min_length=2, max_length=2, description="The first and the last one.")]


class ActionItem(Answer):
    what: str
    who: Annotated[str | None, Field(description="`null` where that was not said.")]
    due: Annotated[str | None, Field(description="In the words of the recording; `null` where that was not said.")]
    segments: Segments
    start: Start


class Entity(Answer):
    text: Annotated[str, Field(description="As it is written in the transcript.")]
    kind: Literal["person", "organisation", "place", "product", "date", "amount", "other"]
    segments: Segments


class Reason(Answer):
    text: str
    segments: Segments


class Satisfaction(Answer):
    score: Annotated[int, Field(ge=1, le=5, description="From 1, very dissatisfied, to 5, very satisfied.")]
    reasons: list[Reason]
    quotes: Annotated[list[Statement], Field(description="Word for word.")]


class RewrittenSegment(Answer):
    segment: Annotated[int, Field(ge=0)]
    text: str


class Rewritten(Answer):
    language: str | None
    segments: list[RewrittenSegment]
    rejected: Annotated[
        int, Field(ge=0, description="How many segments are missing: they were too far from what was said.")
    ]


class PersonalPlace(Answer):
    """Characters of the segment's text, counted from 0: from `start` up to `end`."""

    segment: Annotated[int, Field(ge=0)]
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    kind: PersonalKind


class CustomSource(Answer):
    """What a text in the answer to a project's own task rests on. Without segments it was not found in the transcript."""

    place: Annotated[str, Field(description="Of the text in the answer: `said`, or `rooms[0].what`.")]
    segments: Annotated[list[Annotated[int, Field(ge=0)]], Field(description="Those in which its words stand.")]
    start: Start


class EnrichmentAnswers(Answer):
    """The answers by task: one that was not asked for is absent, one that failed is `null`."""

    title: Text | None = None
    summary: Text | None = None
    detailed_summary: Text | None = None
    points: list[Statement] | None = None
    decisions: list[Statement] | None = None
    questions: list[Statement] | None = None
    chapters: list[Chapter] | None = None
    actions: list[ActionItem] | None = None
    topics: list[str] | None = None
    entities: list[Entity] | None = None
    satisfaction: Satisfaction | None = None
    corrected: Rewritten | None = None
    translation: Rewritten | None = None
    personal_data: list[PersonalPlace] | None = None
    custom: Annotated[
        dict[str, dict[str, Any] | None],
        Field(default_factory=dict, description="Of the project's own tasks, by name, in the shape of their schemas."),
    ]
    custom_sources: Annotated[
        dict[str, list[CustomSource]],
        Field(
            default_factory=dict,
            description="By name, what their texts rest on; none where the answer is in another language than the recording.",
        ),
    ]
