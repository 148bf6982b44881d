"""What enrichment needs of a language model, wherever it runs.

`app.workers.enrichment.llama` runs one in this process, `app.workers.enrichment.remote` asks a server of the site.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Tick = Callable[[float], None]
"""Told the done part of an answer, 0 to 1; called between any two steps, and raises where the work is to stop."""

Listen = Callable[[str], None]
"""Told all that is written of an answer so far, now and then; where an engine has to begin anew, it grows anew."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to a model: who it is, what it reads, what it is asked.

    The parts keep this order wherever they are sent, so that requests about the same material share their beginning
    and an engine can evaluate that once. None of the parts can hold control tokens: they are text to the engine.
    """

    system: str
    material: str
    request: str

    @property
    def question(self) -> str:
        """The user's turn: material first, request last."""
        return f"{self.material}\n\n{self.request}"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. Temperature 0 takes the likeliest each time; `seed` matters above it only.

    `may_repeat`: what was written may be written again, as in a quote and an answer that has its words.
    """

    temperature: float = 0.0
    seed: int = 0
    may_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote, and what it cost in tokens.

    `complete` is False where the room ended before the answer did. `reused_tokens` of the prompt were known from an
    earlier request, `evaluated_tokens` were read for this one.
    """

    text: str
    complete: bool
    evaluated_tokens: int
    reused_tokens: int
    generated_tokens: int


@dataclass(frozen=True, slots=True)
class Request:
    """One of several that are put to a model together: what `LanguageModel.answer` takes of each."""

    prompt: Prompt
    schema: Mapping[str, Any]
    sampling: Sampling
    max_tokens: int


Then = Callable[[int, Reply], Request | None]
"""Told an answer as soon as it is there, with its request's place in the list; may return what is to be asked instead,
which takes that place and is answered along with the others."""


class LanguageModel(Protocol):
    """A loaded model. The same question alone, or the same list of them together, gets the same, whatever was asked before.

    A question alone and the same one in a list need not get the same answer: numbers that are computed side by side may
    be rounded otherwise, and where two tokens are as likely as each other that decides. (Of a server's model even the
    rest is wished, not known.)
    """

    @property
    def name(self) -> str:
        """The name under which it is installed."""

    @property
    def context_tokens(self) -> int:
        """Prompt and answer together take at most so many tokens."""

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in this model's tokens."""

    def count_prompt_tokens(self, prompt: Prompt) -> int:
        """Return the length of the whole prompt, the model's own frame around it included."""

    def answer(
        self,
        prompt: Prompt,
        schema: Mapping[str, Any],
        sampling: Sampling,
        *,
        max_tokens: int,
        tick: Tick,
        listen: Listen | None = None,
    ) -> Reply:
        """Write an answer that follows the JSON schema. Raises `ContextTooSmall`, and whatever `tick` raises.

        A server's model raises `ModelServerDown` and `ModelServerRefused`, too.
        """

    def answer_all(self, requests: Sequence[Request], *, then: Then, tick: Tick) -> None:
        """Write the answers to several requests at the same time, as many as there is room for.

        `tick` is told the done part of all. Raises what `answer` does, and what `then` raises; answers that are not there
        by then are lost.
        """

    def close(self) -> None:
        """Give its memory back."""


OpenModel = Callable[[str], LanguageModel]
"""Loads a model by its name. Raises `UnknownModel`, `ModelDamaged`, `ModelTooLarge` or `ModelUnsuitable`."""
