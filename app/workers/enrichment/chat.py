"""The frame that a model's chat template puts around a conversation."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from app.workers.enrichment.errors import ModelUnsuitable

_SYSTEM = f"system-{secrets.token_hex(8)}"
_QUESTION = f"question-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class ChatFrame:
    """A rendered template with a place for what the system says and one for the user's question.

    Template and contents are kept apart up to the tokens: where a transcript spells a control token such as
    `<|im_end|>`, it stays a row of letters and cannot end the user's turn. Templates that know no system turn get both
    in the user's.
    """

    rendered: str

    @classmethod
    def of_model(cls, name: str, template: str | None, llama: Any) -> Self:
        """Render the model's own template. Raises `ModelUnsuitable` where it has none, or one that cannot be rendered."""
        if not template:
            raise ModelUnsuitable(f"{name} is a base model: it has no chat template.")
        for turns in (
            [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTION}],
            [{"role": "user", "content": f"{_SYSTEM}\n\n{_QUESTION}"}],
        ):
            rendered = _render(template, turns, llama)
            if rendered.count(_SYSTEM) == rendered.count(_QUESTION) == 1:
                return cls(rendered)
        raise ModelUnsuitable(f"The chat template of {name} cannot be used.")

    def around(self, system: str, question: str) -> Iterator[tuple[str, bool]]:
        """Yield the conversation in pieces, each with whether it belongs to the template and may hold control tokens."""
        before, rest = self.rendered.split(_SYSTEM)
        between, after = rest.split(_QUESTION)
        yield from ((before, True), (system, False), (between, True), (question, False), (after, True))


def _render(template: str, turns: list[dict[str, str]], llama: Any) -> str:
    """Return the rendered turns, up to where the assistant begins; "" where the template refuses them."""
    import jinja2
    from llama_cpp import LLAMA_TOKEN_NULL, llama_vocab_get_text
    from llama_cpp import llama_model_get_vocab as vocabulary_of
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    def written(token: int) -> str:
        if token == LLAMA_TOKEN_NULL:
            return ""
        return str(llama_vocab_get_text(vocabulary_of(llama.model), token).decode("utf-8"))

    formatter = Jinja2ChatFormatter(
        template=template, eos_token=written(llama.token_eos()), bos_token=written(llama.token_bos())
    )
    try:
        return str(formatter(messages=turns).prompt)
    except (ValueError, TypeError, jinja2.TemplateError):
        return ""
