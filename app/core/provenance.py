"""Where an enrichment comes from and what it cost, as workers report it and clients are told."""

from collections.abc import Mapping
from typing import Any


def cost(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return seconds by step with their `total`, tokens by kind, and in how many pieces the transcript was read."""
    seconds = {step: float(spent) for step, spent in (provenance.get("seconds") or {}).items()}
    return {
        "seconds": seconds | {"total": round(sum(seconds.values()), 3)},
        "tokens": provenance.get("tokens") or {},
        "windows": provenance.get("windows"),
    }


def origin(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the same answers could be had again with, and how much was dropped."""
    return {
        "prompt_version": provenance.get("prompt_version"),
        "text_version": provenance.get("text_version"),
        "sampling": provenance.get("sampling") or {},
        "requests": provenance.get("requests") or {},
        "dropped": provenance.get("dropped") or {},
    }
