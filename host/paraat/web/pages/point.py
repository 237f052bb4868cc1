"""The page of one point: how it stands, what must be done there, and forms for what people say of it. It needs no script."""

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from paraat.domain.activation import Phase
from paraat.domain.facts import Silenced
from paraat.domain.model import PointView
from paraat.journal import JournalError
from paraat.texts import readiness, upkeep
from paraat.texts.localtime import local
from paraat.web import api
from paraat.web.guard import FORM_HEADERS
from paraat.web.render import Renderer

PATH = "/points/{point}"
_GAPS_SHOWN = 50
_DAYS = 28  # that a word holds, unless somebody types another day


def answer(renderer: Renderer, request: Request) -> HTMLResponse:
    """The point as it stands at this moment."""
    return show(renderer, request, kept="kept" in request.query_params)


def show(
    renderer: Renderer,
    request: Request,
    *,
    kept: bool = False,
    refused: str = "",
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """The page, with what became of what was typed: that it is kept, or why it was refused. Raises HTTPException."""
    source = renderer.source
    now, zone = source.clock.now(), ZoneInfo(source.timezone)
    view = view_of(renderer, request.path_params["point"], now)
    judged, upkept = readiness.Words(source.language, zone), upkeep.Words(source.language, zone)
    until = api.month_end(now, zone)
    resources = source.profiles[view.point].resources
    page = renderer.fill(
        "point.html",
        point=view.point,
        name=view.name,
        now=now,
        card=renderer.card(view),
        has_tank=view.has_tank,
        silenced=any(
            fact.told.subject == view.subject for fact in source.silences() if isinstance(fact.told, Silenced)
        ),
        kept=kept,
        refused=refused,
        typed=typed or {},
        day=(local(now, zone) + timedelta(days=_DAYS)).date().isoformat(),
        resources=[
            (state, judged.resource(state.resource), judged.why(state), judged.to_do(state)) for state in view.resources
        ],
        words_for=[
            (one.resource, judged.resource(one.resource)) for one in view.resources if _is_asked(view, one.resource)
        ],
        roles=sorted({role for one in resources.values() for role in one.roles}),
        phases=[(phase.value, judged.phase(phase)) for phase in Phase],
        tasks=[(task, upkept.task(task), upkept.task_said(task), task.is_due(until)) for task in view.upkeep.by_need()],
        until=judged.day(until),
        planned=_planned(renderer, view, judged),
        gaps=_gaps(renderer, view.point),
        events=[(event.kind, upkept.fuel_event(event, now)) for event in reversed(view.fuel_log)],
    )
    return HTMLResponse(page, status, FORM_HEADERS)


def view_of(renderer: Renderer, point: str, now: float) -> PointView:
    """How a point stands. Raises HTTPException where the region has none of that id."""
    try:
        return renderer.source.view(point, now)
    except KeyError as error:
        raise HTTPException(404, f"no point {point!r} in this region; /api/v1/points lists them") from error


def _planned(renderer: Renderer, view: PointView, words: readiness.Words) -> str:
    """Who brings fuel, how much and when; empty where nobody does."""
    stop = renderer.source.refuel_of(view)
    return "" if stop is None or stop.plan is None else words.planned(stop.plan, view.now)


def _gaps(renderer: Renderer, point: str) -> list[tuple[str, int, int, int]]:
    """What is missing and waited for: as the form has it, first, last, how many; the newest ones."""
    try:
        found = renderer.source.gaps_of(point)
    except JournalError:  # the page says at its top that nothing can be kept
        return []
    return [(f"{first}-{last}", first, last, last - first + 1) for first, last in found[-_GAPS_SHOWN:]]


def _is_asked(view: PointView, resource: str) -> bool:
    return any(one.resource == resource and one.by_word and one.need != "not-required" for one in view.resources)
