"""The status page: the alerts and every point, kept up to date by the live stream."""

from starlette.requests import Request
from starlette.responses import HTMLResponse

from paraat.web.render import Renderer

PATH = "/"


def answer(renderer: Renderer, _request: Request) -> HTMLResponse:
    """The whole page, every age counted at this moment."""
    snapshot = renderer.snapshot(None)
    return HTMLResponse(renderer.fill("page.html", snapshot=snapshot, clock=renderer.clock(snapshot.now)))
