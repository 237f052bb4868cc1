"""One file per page: PATH, and answer(renderer, request), which runs in a worker thread, or asks the shelf when it is async.

What is posted is in web/app.py.
"""

from functools import partial

from starlette.routing import Route

from paraat.runtime.discovery import modules_in
from paraat.web.render import Renderer


def routes(renderer: Renderer) -> list[Route]:
    """Where each page is, and what answers there."""
    return [Route(page.PATH, partial(page.answer, renderer)) for page in modules_in(__name__, __path__)]
