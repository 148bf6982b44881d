"""Answers that are written side by side: all of them, each its own, the same again for the same list."""

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.installed import find
from app.workers.control import JobControl, JobStopped, StopReason
from app.workers.enrichment.drawing import drawer
from app.workers.enrichment.engine import Reply, Request, Sampling
from app.workers.enrichment.folding import passages_of
from app.workers.enrichment.grammar import grammar
from app.workers.enrichment.llama import LlamaModel
from app.workers.enrichment.model_file import SLICE_TOKENS, ModelFile, checked
from app.workers.enrichment.prompts import ENGLISH
from app.workers.enrichment.tasks import CATALOGUE
from app.workers.enrichment.tasks.task import Languages
from tests.workers.enrichment.conftest import LANGUAGE_MODEL, MEETING, THREADS, segments_of

pytestmark = pytest.mark.engine

READ = passages_of(segments_of(MEETING))
LANGUAGES = Languages("en", "en")


def requests(*tasks: str, tokens: int = 16) -> list[Request]:
    """One request a task about the same meeting, every second one drawn by chance."""
    return [
        Request(
            ENGLISH.prompt(READ, CATALOGUE[task].instruction(LANGUAGES), numbered=True),
            CATALOGUE[task].schema(READ),
            Sampling(0.7 * (number % 2), seed=number),
            tokens,
        )
        for number, task in enumerate(tasks)
    ]


def replies(model: LlamaModel, asked: Sequence[Request]) -> list[Reply]:
    written: dict[int, Reply] = {}
    model.answer_all(asked, then=written.__setitem__, tick=lambda _: None)
    return [written[number] for number in range(len(asked))]


@pytest.fixture(scope="module")
def file(models_dir: Path) -> ModelFile:
    return checked(find(models_dir, "llm", LANGUAGE_MODEL))


@pytest.fixture(scope="module")
def small(file: ModelFile) -> Iterator[LlamaModel]:
    """A model with a context of 640 tokens and nothing beside it: two answers about the meeting at most."""
    model = LlamaModel(replace(file, context_tokens=640, beside_tokens=0), THREADS)
    yield model
    model.close()


def test_what_is_asked_together_is_read_once_and_is_answered_the_same_again(model: LlamaModel) -> None:
    asked = requests("title", "points", "actions", "topics")
    model.forget()

    cold = replies(model, asked)
    model.answer_all(requests("questions", tokens=4), then=lambda _number, _reply: None, tick=lambda _: None)
    warm = replies(model, asked)

    assert [reply.text for reply in warm] == [reply.text for reply in cold]
    assert cold[0].reused_tokens == 0
    assert all(reply.evaluated_tokens <= 2 * SLICE_TOKENS for reply in (*cold[1:], *warm))
    for request, reply in zip(asked, cold, strict=True):
        (task,) = request.schema["properties"]
        assert reply.text.startswith(f'{{"{task}": '), "an answer to another question"


def test_what_has_no_room_beside_the_others_waits_its_turn(small: LlamaModel) -> None:
    asked = requests("title", "topics", "entities", "actions", "title", tokens=100)
    asked = [replace(request, max_tokens=260) if number == 2 else request for number, request in enumerate(asked)]

    for reply in replies(small, asked):
        assert reply.generated_tokens > 0
        assert not reply.complete or json.loads(reply.text)


def test_an_answer_of_no_use_is_asked_again_beside_the_others(model: LlamaModel) -> None:
    first, second = requests("title", "points")
    told: list[tuple[int, Reply]] = []
    tries = [Sampling(), Sampling(3.0, seed=7), Sampling()]

    def then(number: int, reply: Reply) -> Request | None:
        told.append((number, reply))
        tried = [told_of for told_of, _ in told].count(1)
        return replace(second, sampling=tries[tried]) if number == 1 and tried < len(tries) else None

    model.answer_all([first, replace(second, sampling=tries[0])], then=then, tick=lambda _: None)

    assert sorted(number for number, _ in told) == [0, 1, 1, 1]
    before, *later = [reply for number, reply in told if number == 1]
    # What was read is known, whatever was read since.
    assert [reply.evaluated_tokens for reply in later] == [0, 0]
    assert {reply.reused_tokens for reply in later} == {before.evaluated_tokens + before.reused_tokens}
    assert later[0].text != before.text


def test_another_try_is_what_it_would_have_been_at_first(model: LlamaModel) -> None:
    (request,) = requests("points")
    told: list[str] = []
    tries = [Sampling(), Sampling(3.0, seed=7), Sampling()]

    def then(_number: int, reply: Reply) -> Request | None:
        told.append(reply.text)
        return replace(request, sampling=tries[len(told)]) if len(told) < len(tries) else None

    model.answer_all([replace(request, sampling=tries[0])], then=then, tick=lambda _: None)

    assert told[0] == told[2] != told[1]


@pytest.mark.parametrize("tokens", [1, 2])
def test_tries_that_end_at_once_are_told_of_one_by_one(model: LlamaModel, tokens: int) -> None:
    asked = requests("title", "points", tokens=tokens)
    told: list[int] = []

    def then(number: int, reply: Reply) -> Request | None:
        assert reply.generated_tokens == tokens
        told.append(number)
        return asked[number] if told.count(number) < 3 else None

    model.answer_all(asked, then=then, tick=lambda _: None)

    assert sorted(told) == [0, 0, 0, 1, 1, 1]


def test_a_longer_answer_to_the_same_prompt_is_written_where_there_is_room_for_it(model: LlamaModel) -> None:
    (request,) = requests("points", tokens=4)
    told: list[Reply] = []

    def then(_number: int, reply: Reply) -> Request | None:
        told.append(reply)
        return replace(request, max_tokens=8) if len(told) == 1 else None

    model.answer_all([request], then=then, tick=lambda _: None)

    assert [reply.generated_tokens for reply in told] == [4, 8]
    assert told[1].text.startswith(told[0].text)


@pytest.mark.parametrize("steps", [3, 9])
def test_a_stop_is_heard_between_two_steps_and_leaves_nothing_behind(model: LlamaModel, steps: int) -> None:
    asked, control, heard = requests("title", "points", "actions", tokens=8), JobControl(), 0
    before = replies(model, asked)

    def tick(_done: float) -> None:
        nonlocal heard
        heard += 1
        if heard == steps:
            control.request_stop(StopReason.CANCELLED)
        control.checkpoint()

    with pytest.raises(JobStopped):
        model.answer_all(asked, then=lambda _number, _reply: None, tick=tick)

    assert heard == steps
    assert [reply.text for reply in replies(model, asked)] == [reply.text for reply in before]


@given(seed=st.integers(0, 2**32 - 1), spread=st.sampled_from([0.5, 3.0, 12.0]), warm=st.booleans())
@settings(deadline=None, max_examples=10)
def test_tokens_are_those_that_a_look_at_the_whole_vocabulary_draws(
    model: LlamaModel, seed: int, spread: float, warm: bool
) -> None:
    native = model._native
    rules = grammar(CATALOGUE["points"].schema(()))
    sampling = Sampling(0.8 if warm else 0.0, seed=seed)
    random = np.random.default_rng(seed)
    with (
        closing(drawer(native, rules, sampling)) as near,
        closing(drawer(native, rules, sampling)) as whole,
    ):
        for _ in range(12):
            scores = (random.standard_normal(native.vocabulary_size) * spread).astype(np.float32)
            token = near.drawn(scores)
            assert token == whole.drawn(scores, margins=(math.inf,))
            if native.ends(token):
                break
