"""What can go wrong between a transcript and its answers, each with the way out."""

from app.core.errors import VocalyxError
from app.workers import memory


class ModelTooLarge(memory.ModelTooLarge):
    """The model needs more memory than is free at this moment; another worker, or a later try, may have it."""

    status = 500
    title = "The language model does not fit into memory"
    default_remedy = "Choose a smaller model with llm_model, or give the enrichment workers more memory."


class ModelUnsuitable(VocalyxError):
    """The model is whole, but not one that answers requests."""

    status = 422
    code = "model-unsuitable"
    title = "The language model cannot answer requests"
    default_remedy = "Choose a model that was trained to follow instructions ('instruct' or 'chat' in its name)."


class ContextTooSmall(VocalyxError):
    """The request does not fit into the model's context together with any useful part of the transcript."""

    status = 422
    code = "context-too-small"
    title = "The request is too long for the language model"
    default_remedy = "Shorten the prompt of the task, or choose a model with a larger context."


class EnrichmentFailed(VocalyxError):
    """No task gave an answer that can be used. The same request would end the same way: seeds are fixed."""

    status = 422
    code = "enrichment-failed"
    title = "The language model gave no usable answer"
    default_remedy = (
        "Retry with another llm_model, or with a prompt of your own for the task. The transcript is not touched."
    )


class ModelServerDown(VocalyxError):
    """The site's model server cannot be reached, is overloaded, or stopped in the middle of an answer. It may pass."""

    status = 503
    code = "model-server-down"
    title = "The site's model server does not answer"
    default_remedy = "Retry when it is up again, or choose a model that is installed. The transcript is not touched."


class AnswerTooSlow(ModelServerDown):
    """The model server was there all the time, and not through with an answer: the same one would take as long again."""


class ModelServerRefused(VocalyxError):
    """The site's model server answered, but not with an answer: it is set up otherwise than it is asked."""

    status = 502
    code = "model-server-refused"
    title = "The site's model server does not take the request"
    default_remedy = (
        "Ask the operator to compare VOCALYX_LLM_SERVER_URL, _MODELS and the key with the server's own settings, or choose"
        " a model that is installed. The transcript is not touched."
    )
