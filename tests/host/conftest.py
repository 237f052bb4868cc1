"""Real brokers for the tests of the host."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from paraat.simulate.servers import EmbeddedBroker, MosquittoBroker, find_broker


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.needs("mosquitto")), "embedded"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MosquittoBroker | EmbeddedBroker]:
    """The one of a coordination point, and the one of the demo."""
    with find_broker(request.param, tmp_path / "broker") as running:
        yield running
