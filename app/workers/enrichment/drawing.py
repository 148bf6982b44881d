"""Draws one answer's tokens: against repetition, within the grammar, then the likeliest one or by chance.

A grammar that looks at a whole vocabulary at each step takes as long as a small model takes to compute the step. It is
shown those tokens first whose scores are near the best one. Penalties only lower a score, so where what is allowed of
these has one high enough, nothing outside them could have been drawn: token by token the same as from the whole.
"""

import ctypes
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from app.workers.enrichment.engine import Sampling
from app.workers.enrichment.native import NativeModel, said_by_native_code

# llama.cpp's DRY sampler makes a token that would continue a repetition less likely, by multiplier * base^(length -
# allowed length). The strengths are its authors' recommendation; names of up to four tokens may return freely. A penalty
# on single tokens, the older way, hits the quotation marks of the JSON and made small models write past their ends.
_DRY_MULTIPLIER = 0.8
_DRY_BASE = 1.75
_DRY_ALLOWED_TOKENS = 4
_DRY_LAST_TOKENS = 512
_DRY_BREAKERS = (b'"', b"\n")

_LEAST_PROBABILITY = 0.1
"""Above temperature 0, tokens less likely than this part of the likeliest one are never drawn (min-p)."""

_ROUNDING = 0.01

MARGINS = (6.0, math.inf)
"""How far below the best score tokens are looked at, one try after the other."""

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""llama_token_data."""


class Drawer:
    """Draws the tokens of one answer."""

    def __init__(self, native: NativeModel, limits: Any, draw: Any, reach: float) -> None:
        """`limits` and `draw` are chains of samplers; what is `reach` below the best is never drawn."""
        self._library = native.library
        self._limits = limits
        self._draw = draw
        self._reach = reach

    def drawn(self, scores: npt.NDArray[np.float32], margins: tuple[float, ...] = MARGINS) -> int:
        """Return the token to come after those drawn so far."""
        highest = float(scores.max())
        for margin in margins:
            near = np.flatnonzero(scores >= highest - margin) if margin < math.inf else np.arange(scores.size)
            candidates = np.empty(near.size, _CANDIDATE)
            candidates["id"], candidates["logit"], candidates["p"] = near, scores[near], 0
            rows = self._library.llama_token_data_array(
                candidates.ctypes.data_as(self._library.llama_token_data_p), near.size, -1, False
            )
            self._library.llama_sampler_apply(self._limits, ctypes.byref(rows))
            if candidates["logit"].max() - self._reach >= highest - margin:
                break
        self._library.llama_sampler_apply(self._draw, ctypes.byref(rows))
        token = int(rows.data[rows.selected].id)
        for chain in (self._limits, self._draw):
            self._library.llama_sampler_accept(chain, token)
        return token

    def close(self) -> None:
        for chain in (self._limits, self._draw):
            self._library.llama_sampler_free(chain)  # and its links with it


def drawer(native: NativeModel, rules: str, sampling: Sampling) -> Drawer:
    """Return what draws within the grammar `rules`, to be closed. Raises `ValueError` where llama.cpp does not take it."""
    library = native.library
    constraint = library.llama_sampler_init_grammar(native.vocabulary, rules.encode(), b"root")
    if not constraint:
        raise ValueError(f"llama.cpp does not take the grammar: {said_by_native_code()}")
    limits = [constraint]
    if not sampling.may_repeat:
        breakers = (ctypes.c_char_p * len(_DRY_BREAKERS))(*_DRY_BREAKERS)
        limits.insert(
            0,
            library.llama_sampler_init_dry(
                native.vocabulary, _DRY_MULTIPLIER, _DRY_BASE, _DRY_ALLOWED_TOKENS, _DRY_LAST_TOKENS, breakers,
                len(_DRY_BREAKERS),
            ),
        )  # fmt: skip
    if sampling.temperature > 0:
        draw = [
            library.llama_sampler_init_min_p(_LEAST_PROBABILITY, 1),
            library.llama_sampler_init_temp(sampling.temperature),
            library.llama_sampler_init_dist(sampling.seed),
        ]
    else:
        draw = [library.llama_sampler_init_greedy()]
    reach = _ROUNDING - math.log(_LEAST_PROBABILITY) if sampling.temperature > 0 else 0.0
    return Drawer(native, _chain(library, limits), _chain(library, draw), reach)


def _chain(library: Any, links: list[Any]) -> Any:
    chain = library.llama_sampler_chain_init(library.llama_sampler_chain_default_params())
    for link in links:
        library.llama_sampler_chain_add(chain, link)
    return chain
