"""Settings of every process, from `VOCALYX_*` environment variables or from credential files.

A secret comes from a file of the same name in `$CREDENTIALS_DIRECTORY` (systemd's `LoadCredential=`) or from the
environment; never from the command line.
"""

import logging
import os
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.catalog.served import served_names
from app.logs import LogFormat

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE


def _level(text: str) -> str:
    level = text.upper()
    if level not in logging.getLevelNamesMapping():
        raise ValueError("it is none of DEBUG, INFO, WARNING, ERROR and CRITICAL")
    return level


def _networks(text: str) -> str:
    for entry in filter(None, text.replace(",", " ").split()):
        ip_network(entry)
    return text


class Settings(BaseSettings):
    """What an operator may set. Times are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(
        env_prefix="VOCALYX_",
        secrets_dir=os.environ.get("CREDENTIALS_DIRECTORY"),
        extra="ignore",
        # What is refused may have a secret in it, and whatever a process ends by is in the journal.
        hide_input_in_errors=True,
    )

    # Where things are
    state: Path = Path("var")
    uploads_dir: Path = Path("var/uploads")
    models_dir: Path = Path("models")
    database_url: SecretStr = SecretStr("postgresql://vocalyx@127.0.0.1:5432/vocalyx")
    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    api_url: str = "http://127.0.0.1:8000"
    internal_key: SecretStr = SecretStr("")
    log_level: Annotated[str, AfterValidator(_level)] = "INFO"
    log_format: LogFormat = "text"
    log_file: Annotated[Path | None, Field(description="Where every line goes besides, as JSON")] = None

    # The API
    bind: str = "127.0.0.1:8000"
    database_connections: Annotated[int, Field(ge=1, le=100)] = 8
    upload_limit: Annotated[int, Field(ge=1)] = 20 * GIBIBYTE
    upload_reserve: Annotated[int, Field(ge=0, description="Free bytes that uploads never eat into")] = 512 * MEBIBYTE
    upload_expiry: Annotated[
        int, Field(ge=60, description="How long an upload that comes in pieces waits for its next one")
    ] = 24 * 3600
    fetch_allowed: Annotated[
        str, Field(description="Hosts, addresses and networks that recordings may be fetched from besides public hosts")
    ] = ""
    fetch_ports: Annotated[
        str, Field(pattern=r"^[0-9, ]*$", description="Ports that recordings may be fetched from besides 80 and 443")
    ] = ""
    fetch_timeout: Annotated[float, Field(gt=0, description="How long fetching one recording may take")] = 4 * 3600
    fetch_patience: Annotated[
        float, Field(gt=0, description="For so long a server that gives a recording may send next to nothing")
    ] = 30
    audit_days: Annotated[int, Field(ge=0, le=36500, description="How long the audit log is kept; 0: for ever")] = 400
    webhook_allowed: Annotated[
        str, Field(description="Hosts, addresses and networks that webhooks may lead to besides public hosts")
    ] = ""
    webhook_ports: Annotated[
        str, Field(pattern=r"^[0-9, ]*$", description="Ports that webhooks may lead to besides 80 and 443")
    ] = ""
    webhook_timeout: Annotated[float, Field(gt=0, le=60, description="How long a webhook's receiver may take")] = 10
    webhook_log: Annotated[int, Field(ge=3600, description="How long what was told to webhooks is kept")] = 30 * 86400
    session_lifetime: Annotated[int, Field(ge=60)] = 12 * 3600
    trusted_proxies: Annotated[
        str,
        AfterValidator(_networks),
        Field(description="Addresses and networks of the proxies whose X-Forwarded-For is believed"),
    ] = ""
    attempts_window: Annotated[int, Field(ge=1, description="For so long failed attempts to come in are counted")] = 300
    login_attempts_by_name: Annotated[int, Field(ge=1)] = 10
    login_attempts_by_address: Annotated[int, Field(ge=1)] = 50
    credential_attempts_by_address: Annotated[int, Field(ge=1)] = 300
    public_url: Annotated[
        str,
        Field(pattern=r"^(https?://[^\s?#]+)?$", description="Where people find the API, as their browsers name it"),
    ] = ""

    # Logins by a provider of OpenID Connect
    oidc_issuer: Annotated[str, Field(description="The provider's issuer, as its discovery document names it")] = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_scopes: str = "openid profile email"
    oidc_name_claim: Annotated[str, Field(min_length=1, description="The claim that names a new user")] = (
        "preferred_username"
    )
    oidc_administrator_claim: Annotated[
        str, Field(description="The claim that makes administrators, as CLAIM=VALUE; nobody is made one without it")
    ] = ""
    oidc_landing: Annotated[
        str, Field(description="The path on public_url to which a browser is sent after its login, with a code")
    ] = ""
    probe_timeout: Annotated[int, Field(ge=1)] = 30
    # OpenAI's client gives up after 600 seconds and sends the recording again: the answer has to come before.
    openai_wait: Annotated[int, Field(ge=1, description="How long the OpenAI audio API waits for a text")] = 570
    retention_max_audio_days: Annotated[
        int | None, Field(ge=0, description="For so many days a recording is kept at most, whatever its project says")
    ] = None
    retention_max_text_days: Annotated[
        int | None, Field(ge=1, description="For so many days a transcription is kept at most")
    ] = None
    retention_interval: Annotated[float, Field(gt=0, description="How often what is kept no longer is removed")] = 3600

    metrics_token: Annotated[
        SecretStr, Field(description="What whoever reads /metrics sends as bearer token; then no address will do alone")
    ] = SecretStr("")
    metrics_networks: Annotated[
        str,
        AfterValidator(_networks),
        Field(description="Addresses and networks that /metrics is given to where there is no token"),
    ] = "127.0.0.0/8, ::1"

    # Work
    lease: Annotated[int, Field(ge=2, description="How long a silent worker keeps a job")] = 30
    reconcile_interval: Annotated[float, Field(gt=0)] = 5
    worker_name: str = ""
    threads: Annotated[int, Field(ge=1)] = Field(default_factory=lambda: min(4, os.cpu_count() or 1))
    memory_limit: Annotated[
        int | None, Field(ge=1, description="What a worker may use at most, where no control group says it")
    ] = None
    compute_lock: Annotated[
        Path | None, Field(description="Workers that share a host's cores take turns by locking this file")
    ] = None
    default_model: str = "base"
    default_llm_model: str = "smollm2-135m-instruct"
    diarization_model: str = "community-campplus"

    # A model server of the site, with OpenAI's API: the API lists its models, enrichment workers ask them
    llm_server_url: Annotated[
        str, Field(pattern=r"^(https?://[^\s?#@]+)?$", description="Where it is, up to and with /v1")
    ] = ""
    llm_server_models: Annotated[
        str, Field(pattern=r"^[^\s,]{0,93}( *, *[^\s,]{1,93})*$", description="Their names there, with commas between")
    ] = ""
    llm_server_key: SecretStr = SecretStr("")
    llm_server_context: Annotated[
        int, Field(ge=1024, description="How many tokens it reads and writes in one request")
    ] = 8192
    llm_server_timeout: Annotated[float, Field(gt=0, description="How long one answer may take")] = 600
    llm_server_silence: Annotated[
        float, Field(gt=0, description="For so long it may write nothing before it is given up")
    ] = 120
    llm_server_patience: Annotated[
        float, Field(ge=0, description="For so long a job waits for one that is away, each time that it is tried")
    ] = 60
    llm_server_at_once: Annotated[
        int, Field(ge=1, le=64, description="So many answers a worker has written at the same time")
    ] = 4
    stall_timeout: Annotated[int, Field(ge=10, description="A job without progress for so long gives up its lease")] = (
        900
    )

    @property
    def served_models(self) -> tuple[str, ...]:
        """The names under which the models of the site's model server may be asked for."""
        return served_names(self.llm_server_models) if self.llm_server_url else ()


@cache
def load_settings() -> Settings:
    """Read the environment once a process."""
    return Settings()
