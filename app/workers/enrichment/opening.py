"""Which engine runs a model: its name tells."""

from pathlib import Path

from app.catalog.served import SERVED
from app.settings import Settings
from app.workers.enrichment.engine import LanguageModel, OpenModel
from app.workers.enrichment.llama import open_installed
from app.workers.enrichment.model_server import ModelServer
from app.workers.enrichment.remote import RemoteModel
from app.workers.memory import MemoryLimit, memory_limit


def opener(settings: Settings) -> OpenModel:
    """Return what loads a model of this site: installed ones here, those of the model server by asking it."""
    server = ModelServer.of_settings(settings)
    limit = memory_limit(settings.memory_limit)
    return lambda name: _open(name, server, settings.models_dir, settings.threads, limit)


def _open(name: str, server: ModelServer | None, models_dir: Path, threads: int, limit: MemoryLimit) -> LanguageModel:
    if server is not None and name.startswith(SERVED):
        return RemoteModel(server, name)
    return open_installed(models_dir, threads, name, limit=limit)
