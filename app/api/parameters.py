"""What stands in the addresses, by the kind of thing that it names, and the cursor of lists."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, WithJsonSchema

from app.api.contract import Parameter
from app.core.cursors import LONGEST_CURSOR
from app.core.formats import FORMATS

LAST_POSITION = 2**31 - 1
"""The largest position that fits PostgreSQL's integer."""

_TAG = r'(W/)?"[!#-+\--~]*"'

PageCursor = Annotated[
    str | None,
    Field(max_length=LONGEST_CURSOR, pattern=r"^[A-Za-z0-9_-]*$", description="`next_cursor` of the page before."),
]

PROJECT = Parameter(UUID, "The project.", "project")
TRANSCRIPTION = Parameter(UUID, "The transcription.", "transcription")
QUESTION = Parameter(UUID, "The question.", "question")
KEY = Parameter(UUID, "The API key, by its id.", "key")
SESSION = Parameter(UUID, "The login, by its id.", "session")
USER = Parameter(UUID, "The user, by id.", "user")
UPLOAD = Parameter(UUID, "The upload.", "upload")
VOICEPRINT = Parameter(UUID, "The voiceprint.", "voiceprint")
WEBHOOK = Parameter(UUID, "The webhook.", "webhook")
DELIVERY = Parameter(UUID, "The message, by the `webhook-id` that it is sent with.", "delivery")
TASK_SET = Parameter(Annotated[str, StringConstraints(min_length=1)], "The set of tasks, by name.", "task_set")
NOTE = Parameter(UUID, "The note.", "note")
SHARE = Parameter(UUID, "The link, by its id.", "share")
USERNAME = Parameter(Annotated[str, StringConstraints(min_length=1)], "The user, by name.", "member")
SPEAKER = Parameter(
    Annotated[str, StringConstraints(min_length=1)], "The speaker, by label, such as `SPEAKER_00`.", "speaker"
)
SEGMENT = Parameter(Annotated[int, Field(ge=0, le=LAST_POSITION)], "The segment, by its `position`.", "segment")
TRANSCRIPT_FORMAT = Parameter(
    Annotated[str, WithJsonSchema({"type": "string", "enum": list(FORMATS)})], "What to write it as.", "format"
)
IF_MATCH = Parameter(
    Annotated[
        str,
        WithJsonSchema(
            {"type": "string", "pattern": rf"^(\*|{_TAG}( ?, ?{_TAG})*)$", "maxLength": 1000, "examples": ['"1"']}
        ),
    ],
    "The `etag` that you have read, quotes included: 412 where it is another one now. `*` changes whatever is there.",
    required=True,
)
OPENAI_MODEL = Parameter(
    Annotated[str, StringConstraints(min_length=1)],
    "An installed Whisper model, or a name of OpenAI's.",
    "openai_model",
)
PROBLEM = Parameter(Annotated[str, StringConstraints(min_length=1)], "The `code` of a problem document.", "problem")

OPTIONS: Mapping[str, str] = {
    "language": "ISO 639-1 code, such as `fr`; detected where it is left out.",
    "model": "An installed Whisper model; the site's default where it is left out.",
    "vad": "Leave silence and music to voice activity detection.",
    "diarization": "Tell speakers apart.",
    "num_speakers": "How many speak, where that is known.",
    "min_speakers": "How many speak at least.",
    "max_speakers": "How many speak at most.",
    "initial_prompt": "What the recognizer takes for the text before.",
    "hotwords": "Names and terms to expect.",
    "word_timestamps": "Give a time for every word.",
    "enrichment": "Have the language model asked about it: for a title, a summary and key points, or for `tasks`.",
    "llm_model": "An installed language model; the site's default where it is left out.",
    "prompts": "Your own instruction for `title`, `summary`, `points` or another task, as a JSON object.",
    "priority": "Whose work is begun first: within a project always, between projects as far as their shares allow.",
    "channels": "How the channels of a recording are heard: each as one party, all mixed, or as their sound suggests.",
    "task": "`translate`: the text is in English, whatever is spoken; multilingual models can.",
    "tasks": "What the language model is asked for; `title`, `summary` and `points` if left out. Each takes time.",
    "task_set": "A set of tasks in place of `tasks`: `meeting`, `call`, `interview`, `lecture` or one of the project's own.",
    "answer_language": "What the language model answers in, as an ISO 639-1 code; the recording's if left out.",
    "translation_language": "What the task `translation` translates into; English if left out, or French from English.",
}
"""What is said of the options of a transcription."""

TRANSCRIPTION_FIELDS: Mapping[str, str] = {
    "project": "The project, by id or name; may be left out by a member of exactly one.",
    "reuse": "Take a transcription of the same content with the same options, where the project has one. `true` if left out.",
    **OPTIONS,
}
"""What the parts of a form say that sends a recording."""

ORIGINAL_FIELDS: Mapping[str, str] = {
    "project_name": "First Vocalyx: as `project`.",
    "use_vad": "First Vocalyx: as `vad`.",
    "whisper_model": "First Vocalyx: as `model`.",
    "enrichment_prompts": "First Vocalyx: as `prompts`, with `bullet_points` for `points`.",
    "text_correction": "First Vocalyx: `false`.",
}
"""What the parts of a form of the first Vocalyx say; with one of them, the answer has its shape."""
