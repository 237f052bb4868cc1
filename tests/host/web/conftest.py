"""A served page for the tests of this folder, on a free port of loopback."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from host.web.asking import Ask, fetch
from host.web.browser import Browser
from host.web.scene import FakeSource, rich
from paraat.simulate.servers import free_port
from paraat.web.app import create_app
from paraat.web.server import Handle, serve


@pytest.fixture
def source() -> FakeSource:
    return rich()


@pytest.fixture
def web(source: FakeSource) -> Iterator[Handle]:
    handle = serve(create_app(source), "127.0.0.1", free_port())  # nobody else's, also when it has stopped
    yield handle
    handle.stop()
    assert not handle.alive


@pytest.fixture
def ask(web: Handle) -> Ask:
    """ask(path, method=, **headers): one request to the page."""
    return partial(fetch, web)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with closing(Browser(tmp_path_factory.mktemp("chromium"))) as opened:
        yield opened
