"""Reading prompts: what is known is not read again, and a prompt is read the same whatever came before it."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.workers.enrichment.llama import LlamaModel
from app.workers.enrichment.model_file import SLICE_TOKENS
from app.workers.enrichment.native import NativeModel
from app.workers.enrichment.prefixes import KeptPrefixes
from app.workers.enrichment.reading import Read, Tokens, Trunk
from tests.workers.enrichment.conftest import MEETING

pytestmark = pytest.mark.engine

KEPT_BYTES = 64 * 1024**2
SEQUENCE = 1

prompts = st.builds(
    lambda material, length, request: (material, length, request),
    st.sampled_from(["meeting", "other"]),
    st.sampled_from([0, 1, 40, SLICE_TOKENS, SLICE_TOKENS + 1, 2 * SLICE_TOKENS, 140]),
    st.sampled_from([1, 20, 70]),
)


class Reader:
    """A trunk of its own in a model's context."""

    def __init__(self, native: NativeModel) -> None:
        self.native = native
        self.trunk = Trunk(native, KeptPrefixes(native.library, KEPT_BYTES), SLICE_TOKENS)
        meeting = native.tokens_of(" ".join(text for _, text in MEETING * 6))
        self.materials = {"meeting": meeting, "other": [*meeting[:20], *reversed(meeting)]}

    def prompt(self, material: str, length: int, request: int) -> Tokens:
        tokens = self.materials[material]
        return Tokens([*tokens[:length], *tokens[-request:]], length)

    def read(self, prompt: Tokens) -> tuple[Read, npt.NDArray[np.float32]]:
        read = self.trunk.read(prompt, SEQUENCE, self.native.cells, lambda _: None)
        scores = self.native.scores(read.last).copy()
        self.native.cut(SEQUENCE, 0)
        self.trunk.straighten()
        return read, scores


@pytest.fixture
def reader(model: LlamaModel) -> Iterator[Reader]:
    model.forget()
    yield Reader(model._native)
    model.forget()


@given(before=st.lists(prompts, max_size=2), asked=prompts)
@example(before=[("meeting", 300, 20), ("other", 330, 20)], asked=("meeting", 290, 1))
@settings(deadline=None, max_examples=6)
def test_a_prompt_is_read_to_the_same_last_bit_whatever_was_read_before(
    model: LlamaModel, before: Sequence[tuple[str, int, int]], asked: tuple[str, int, int]
) -> None:
    model.forget()
    reader = Reader(model._native)
    for one in before:
        reader.read(reader.prompt(*one))
    _, warm = reader.read(reader.prompt(*asked))

    reader.trunk.forget()
    read, cold = reader.read(reader.prompt(*asked))

    assert read.reused_tokens == 0
    assert np.array_equal(warm, cold)
    reader.trunk.forget()


@pytest.mark.parametrize("length", [40, 2 * SLICE_TOKENS, 290])
def test_of_the_same_material_nothing_is_read_twice(reader: Reader, length: int) -> None:
    reader.read(reader.prompt("meeting", length, 20))
    assert reader.read(reader.prompt("meeting", length, 70))[0].reused_tokens == length

    reader.read(reader.prompt("other", 330, 20))
    if length == 290:  # it was worth keeping
        assert reader.read(reader.prompt("meeting", length, 70))[0].reused_tokens == length


def test_what_goes_on_from_known_material_is_read_from_the_last_whole_slice(reader: Reader) -> None:
    reader.read(reader.prompt("meeting", 300, 20))
    assert reader.read(reader.prompt("meeting", 330, 20))[0].reused_tokens == 4 * SLICE_TOKENS
    assert reader.read(reader.prompt("meeting", 150, 20))[0].reused_tokens == 2 * SLICE_TOKENS
