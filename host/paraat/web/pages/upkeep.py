"""What must be done this month, per municipality and per point. It needs no script."""

from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse

from paraat.texts import readiness, upkeep
from paraat.web import api
from paraat.web.render import Renderer

PATH = "/upkeep"
POINTS_MAX = 400  # so that a whole country does not choke a phone; the API has all


def answer(renderer: Renderer, request: Request) -> HTMLResponse:
    """Of every point that is in use, or of those in the municipality that is asked for."""
    source = renderer.source
    now, zone = source.clock.now(), ZoneInfo(source.timezone)
    until = api.month_end(now, zone)
    words = upkeep.Words(source.language, zone)
    found = api.upkeep(source.views(now), now, until, source.region, words)
    town = request.query_params.get("municipality")
    points = [
        (point, [task for task in point.tasks if task.due])
        for point in found.points
        if town in (None, point.municipality) and any(task.due for task in point.tasks)
    ]
    # Who has most that is too late comes first, as nobody can do everything at once.
    points.sort(key=lambda one: (-sum(task.state == "overdue" for task in one[1]), one[0].municipality, one[0].name))
    page = renderer.fill(
        "upkeep.html",
        now=now,
        until=readiness.Words(source.language, zone).day(until),
        towns=found.municipalities,
        town=town,
        points=points[:POINTS_MAX],
        more=len(points) - POINTS_MAX,
        said=words,
        state=lambda task: words(upkeep.state_key(task.kind, task.state, due=task.due)),
    )
    return HTMLResponse(page)
