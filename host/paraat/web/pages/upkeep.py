"""What must be done this month, per municipality and per point. It needs no script."""

from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from paraat.domain.model import PointView
from paraat.domain.upkeep import TaskState
from paraat.texts import readiness, upkeep
from paraat.web import api
from paraat.web.render import Renderer
from paraat.web.request import number_of
from paraat.web.shelf import Answer
from paraat.web.source import Stand

PATH = "/upkeep"
POINTS_MAX = 200  # on one page, so that a whole country does not choke a phone


async def answer(renderer: Renderer, request: Request) -> Response:
    """Of every point that is in use, or of those in the municipality that is asked for."""
    town, number = request.query_params.get("municipality"), number_of(request, "page", 1)

    def make(stand: Stand) -> Answer:
        return Answer(_page(renderer, stand, town, number).encode(), "text/html", {})

    return await renderer.shelf.answer(request, make)


def _page(renderer: Renderer, stand: Stand, town: str | None, number: int) -> str:
    source, zone = renderer.source, ZoneInfo(renderer.source.timezone)
    until = api.month_end(stand.now, zone)
    words = upkeep.Words(source.language, zone)
    used = [view for view in stand.views.values() if view.activation.in_use]
    due = [
        view
        for view in used
        if town in (None, view.municipality) and any(task.is_due(until) for task in view.upkeep.tasks)
    ]
    # Who has most that is too late comes first, as nobody can do everything at once.
    due.sort(key=lambda view: (-_overdue(view), view.municipality, view.name))
    part = api.Part(number, POINTS_MAX)
    points = [api.upkept(view, until, words) for view in part.of(due)]
    return renderer.fill(
        "upkeep.html",
        now=stand.now,
        until=readiness.Words(source.language, zone).day(until),
        towns=api.towns(used, until),
        town=town,
        points=[(point, [task for task in point.tasks if task.due]) for point in points],
        more=max(0, len(due) - number * POINTS_MAX),
        first="" if number == 1 else _path(town, 1),
        next=_path(town, number + 1),
        said=words,
        state=lambda task: words(upkeep.state_key(task.kind, task.state, due=task.due)),
    )


def _overdue(view: PointView) -> int:
    return sum(task.state is TaskState.OVERDUE for task in view.upkeep.tasks)


def _path(town: str | None, number: int) -> str:
    asked: dict[str, str | int] = {} if town is None else {"municipality": town}
    return f"{PATH}?{urlencode(asked | {'page': number})}"
