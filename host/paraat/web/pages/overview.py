"""The status page: the alerts and every point, kept up to date by the live stream."""

from starlette.requests import Request
from starlette.responses import Response

from paraat.web.render import Renderer
from paraat.web.request import place_of
from paraat.web.shelf import Answer
from paraat.web.source import Stand

PATH = "/"


async def answer(renderer: Renderer, request: Request) -> Response:
    """The whole page, the worst first, or a further part of its lists; every age counted when it was made."""
    place = place_of(request)

    def make(_stand: Stand) -> Answer:
        snapshot = renderer.snapshot(None, place)
        page = renderer.fill("page.html", snapshot=snapshot, clock=renderer.clock(snapshot.now))
        return Answer(page.encode(), "text/html", {})

    return await renderer.shelf.answer(request, make)
