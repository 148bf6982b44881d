"""Work orders as the API writes them."""

import pytest

from app.core.jobs import JobKind
from app.workers.orders import MalformedOrder, WorkOrder
from tests.workers.internal_server import InternalServer


def granted() -> dict[str, object]:
    server = InternalServer()
    return server.orders[server.give(JobKind.CHUNK)]


def test_fields_of_a_newer_release_are_passed_over() -> None:
    assert WorkOrder.from_dict({**granted(), "colour": "blue"}).kind is JobKind.CHUNK


def test_an_enrichment_brings_its_segments_with_their_speakers() -> None:
    segments = [{"position": 0, "start": 0.0, "end": 1.0, "speaker": "Anne", "text": "Bonjour."}]
    order = WorkOrder.from_dict({**granted(), "kind": "enrichment", "chunk": None, "segments": segments})
    assert [(segment.speaker, segment.text) for segment in order.segments] == [("Anne", "Bonjour.")]


@pytest.mark.parametrize(
    "change",
    [{"kind": "cooking"}, {"lease_seconds": "soon"}, {"options": None}, {"chunk": {"start": 0}}, {"chunk": None}],
)
def test_an_order_that_cannot_be_read_says_so(change: dict[str, object]) -> None:
    with pytest.raises(MalformedOrder):
        WorkOrder.from_dict({**granted(), **change})


def test_a_missing_field_is_named() -> None:
    order = granted()
    del order["lease"]
    with pytest.raises(MalformedOrder, match="lease"):
        WorkOrder.from_dict(order)
