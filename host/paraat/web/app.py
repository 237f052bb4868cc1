"""The page's addresses and what answers each."""

import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from paraat.domain.facts import Attested, Author, Delivered, DeliveryPlanned, SaidOfPoint, Silenced
from paraat.domain.model import PointView
from paraat.domain.radio import RadioError
from paraat.domain.subjects import POINT, Subject
from paraat.journal import JournalError
from paraat.site.errors import SettingsError
from paraat.texts import languages, readiness, upkeep
from paraat.web import actions, api, pages, say, seen, tables
from paraat.web.cards import rfc3339
from paraat.web.feed import Feed
from paraat.web.guard import Action, Guard, OneButton, failure
from paraat.web.render import STATIC, Renderer
from paraat.web.request import number_of, place_of
from paraat.web.shelf import Answer
from paraat.web.source import Stand, WebSource

MAX_BODY_BYTES = 2048
# Rows of one answer. So many points are some 400 KB, and 30 KB packed.
LIMIT = 250
LIMIT_MAX = 1000
STREAMS_MAX = 100  # of CONNECTIONS_MAX: pages that stand open leave room for who asks
_PAST_S = 60.0  # what came so long ago is stored, all of it
_ALERTS = "/api/v1/alerts?page=2"
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Long = TypeVar("Long", api.Points, api.Refuel, api.Upkeep)


def create_app(source: WebSource, *, hosts: Collection[str] = LOOPBACK, base_url: str | None = None) -> Starlette:
    """The page of a source. It answers only to the names in `hosts`, whatever address it is bound
    to. base_url: where phones reach the links of messages, which is all that they reach.

    Raises KeyError for a language without texts, ZoneInfoNotFoundError for an unknown time zone.
    `app.state.feed` is the live stream; whoever stops the server closes it first.
    """
    renderer = Renderer(source)
    feed = Feed(source, renderer)
    routes = _Routes(source, renderer, feed)
    outside = urlsplit(base_url or "")
    app = Starlette(
        routes=[
            *pages.routes(renderer),
            Route("/events", routes.events),
            Route("/api/v1/points", routes.points),
            Route("/api/v1/points/{point}", routes.point),
            Route("/api/v1/points/{point}/resources", routes.resources),
            *(
                Route(f"/api/v1/points/{{point}}/{action}", route, methods=["POST"], middleware=[Middleware(Action)])
                for action, route in (
                    ("attest", routes.attest),
                    ("phase", routes.phase),
                    ("count", routes.count),
                    ("delivery", routes.delivery),
                    ("plan", routes.plan),
                    ("silence", routes.silence),
                    ("gaps", routes.accept_gap),
                )
            ),
            Route(
                "/api/v1/points/{point}/test-alerts",
                routes.test_alerts,
                methods=["POST"],
                middleware=[Middleware(Action)],
            ),
            Route("/api/v1/gaps", routes.gaps),
            Route("/api/v1/refuel", routes.refuel),
            Route("/api/v1/upkeep", routes.upkeep),
            Route("/api/v1/alerts", routes.alerts),
            Route(
                "/api/v1/alerts/{alert:int}/acknowledge",
                routes.acknowledge,
                methods=["POST"],
                middleware=[Middleware(Action)],
            ),
            Route("/api/v1/clock", routes.clock, methods=["POST"], middleware=[Middleware(Action)]),
            Route(
                "/api/v1/alerts/{alert:int}/silence",
                routes.silence_alert,
                methods=["POST"],
                middleware=[Middleware(Action)],
            ),
            Route("/api/v1/codes", routes.code, methods=["POST"], middleware=[Middleware(Action)]),
            Route(
                seen.PATH,
                seen.LinkPage(renderer).answer,
                methods=["GET", "POST"],
                middleware=[
                    Middleware(OneButton, allowed=[f"{outside.scheme}://{outside.netloc}".lower()] if base_url else [])
                ],
            ),
            Route(
                say.PATH,
                say.SayPage(renderer).answer,
                methods=["POST"],
                middleware=[Middleware(OneButton, allowed=[])],
            ),
            Route("/healthz", routes.healthz),
            Route("/metrics", routes.metrics),
            Mount("/static", _Static(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, hosts=hosts, outside=outside.hostname)],
        exception_handlers={HTTPException: _refuse},
    )
    app.state.feed, app.state.close = feed, feed.close
    return app


def create_health_app(source: WebSource, *, hosts: Collection[str] = LOOPBACK) -> Starlette:
    """/healthz alone, for a port of its own: it waits for no thread, and for nobody who looks at the page."""

    async def healthz(_request: Request) -> Response:
        return _health(source)

    async def close() -> None:
        """Nothing stays open."""

    app = Starlette(
        routes=[Route("/healthz", healthz)],
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={HTTPException: _refuse},
    )
    app.state.close = close
    return app


class _Routes:
    """The plain functions run in worker threads: the source may block shortly."""

    def __init__(self, source: WebSource, renderer: Renderer, feed: Feed) -> None:
        self._source = source
        self._renderer = renderer
        self._feed = feed
        self._looking_back = threading.Lock()  # a look back takes seconds of a core: one at a time
        # The last one, where it cannot change any more: a table is often asked for behind the JSON.
        self._looked_back: tuple[float, str, api.Points] | None = None
        zone = ZoneInfo(source.timezone)
        self._judged = {language: readiness.Words(language, zone) for language in languages()}
        self._upkept = {language: upkeep.Words(language, zone) for language in languages()}

    async def events(self, request: Request) -> Response:
        if self._feed.pages >= STREAMS_MAX:
            raise HTTPException(503, f"{STREAMS_MAX} pages are open already; close one", {"retry-after": "30"})
        stream = _nothing() if request.method == "HEAD" else self._feed.stream(place_of(request))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    async def points(self, request: Request) -> Response:
        if "at" in request.query_params:
            return await run_in_threadpool(self._points_at, request)
        source, zone, language = self._source, ZoneInfo(self._source.timezone), self._language(request)

        def found(stand: Stand, part: api.Part) -> api.Points:
            return api.points(stand.views.values(), stand.now, source.region, language, zone, part)

        return await self._list(request, found, tables.points)

    def _points_at(self, request: Request) -> Response:
        """All of them: each part would take the look back anew."""
        source = self._source
        now = source.clock.now()
        at, language = _moment(request.query_params["at"], now), self._language(request)
        with self._looking_back:
            if self._looked_back is not None and self._looked_back[:2] == (at, language):
                found = self._looked_back[2]
            else:
                past = source.past(at)
                found = api.points(past.views, past.now, source.region, language, ZoneInfo(source.timezone))
                self._looked_back = (at, language, found) if now - at > _PAST_S else None
        return _csv(tables.points(found)) if _wants_csv(request) else _json(found)

    async def _list(
        self, request: Request, found: Callable[[Stand, api.Part], Long], table: Callable[[Long, bool], str]
    ) -> Response:
        """A long answer: as JSON a part, as CSV a part too, or all of it where none is asked for."""
        _refuse_past(request)
        part, wants_csv = _part(request), _wants_csv(request)
        if wants_csv and not request.query_params.keys() & {"page", "limit"}:

            def parts(stand: Stand) -> Iterator[bytes]:
                goes_on, at = True, part
                while goes_on:
                    rows = found(stand, at)
                    yield table(rows, at.page == 1).encode()
                    goes_on, at = at.goes_on(rows.total), at._replace(page=at.page + 1)

            return await self._renderer.shelf.stream(request, "text/csv", parts)

        def make(stand: Stand) -> Answer:
            rows = found(stand, part)
            following = _path_of(request, part.page + 1) if part.goes_on(rows.total) else None
            links = {} if following is None else {"link": f'<{following}>; rel="next"'}
            if wants_csv:
                return Answer(table(rows, True).encode(), "text/csv", links)
            return Answer(msgspec.json.encode(msgspec.structs.replace(rows, next=following)), "application/json", links)

        return await self._renderer.shelf.answer(request, make)

    def _language(self, request: Request) -> str:
        """In which language reasons are said: the site's, or the one that is asked for."""
        wanted = request.query_params.get("language", self._source.language)
        if wanted not in self._judged:
            raise HTTPException(400, f"language={wanted[:40]!r} is none of: {', '.join(self._judged)}")
        return wanted

    def point(self, request: Request) -> Response:
        language = self._language(request)
        return _json(api.point(self._then(request), self._judged[language], self._upkept[language]))

    def resources(self, request: Request) -> Response:
        found = api.resources(self._then(request), self._judged[self._language(request)])
        return _csv(tables.resources(found.resources)) if _wants_csv(request) else _json(found)

    async def attest(self, request: Request) -> Response:
        def told(body: bytes, point: str, now: float) -> tuple[Attested, Author]:
            return actions.attested(body, point, self._source.profiles, now)

        return await self._keep(request, told)

    async def test_alerts(self, request: Request) -> Response:
        point = (await run_in_threadpool(self._view, request)).point
        try:
            found = await run_in_threadpool(self._source.test_alerts, point)
        except JournalError as error:
            raise HTTPException(503, f"tested, but not kept: {error}") from error
        return _json(api.alert_test(point, found, self._source.language))

    async def refuel(self, request: Request) -> Response:
        source = self._source

        def found(stand: Stand, part: api.Part) -> api.Refuel:
            return api.refuel(source.refuel(stand), source.places, stand.now, source.region, part)

        return await self._list(request, found, tables.refuel)

    async def upkeep(self, request: Request) -> Response:
        source, zone, words = self._source, ZoneInfo(self._source.timezone), self._upkept[self._language(request)]
        asked = request.query_params.get("until")
        given = None if asked is None else _utc(asked)
        if asked is not None and given is None:
            raise HTTPException(400, f"until={asked[:40]!r} is no moment in UTC, such as 2026-12-31T23:00:00Z")

        def found(stand: Stand, part: api.Part) -> api.Upkeep:
            until = api.month_end(stand.now, zone) if given is None else given
            return api.upkeep(stand.views.values(), stand.now, until, source.region, words, part)

        return await self._list(request, found, tables.upkeep)

    async def count(self, request: Request) -> Response:
        return await self._keep(request, actions.counted)

    async def accept_gap(self, request: Request) -> Response:
        return await self._keep(request, actions.gap_accepted)

    def gaps(self, request: Request) -> Response:
        _refuse_past(request)
        return _json(api.gaps(self._source.gaps()))

    async def delivery(self, request: Request) -> Response:
        def told(body: bytes, point: str, _now: float) -> tuple[Delivered, Author]:
            return actions.delivered(body, self._source.places[point])

        return await self._keep(request, told)

    async def plan(self, request: Request) -> Response:
        def told(body: bytes, point: str, now: float) -> tuple[DeliveryPlanned, Author]:
            return actions.delivery_planned(body, self._source.places[point], now)

        return await self._keep(request, told)

    async def phase(self, request: Request) -> Response:
        return await self._keep(request, actions.phase_changed)

    async def silence(self, request: Request) -> Response:
        def told(body: bytes, point: str, now: float) -> tuple[Silenced, Author]:
            return actions.silenced(body, Subject(POINT, point), now, self._source.silence_most_s)

        return await self._keep(request, told)

    async def silence_alert(self, request: Request) -> Response:
        """Silence what an alert is about, which may be of the coordination point itself."""
        wanted = request.path_params["alert"]
        alert = next((one for one in await run_in_threadpool(self._source.alerts) if one.id == wanted), None)
        if alert is None:
            raise HTTPException(404, f"no alert {wanted}; /api/v1/alerts lists them")
        try:
            now = self._source.clock.now()
            said, author = actions.silenced(await _body(request), alert.subject, now, self._source.silence_most_s)
        except ValueError as error:
            raise _mistaken(error) from error
        await self._store(said, author)
        now = self._source.clock.now()
        return _json(await run_in_threadpool(self._alerts, now, api.Part(limit=LIMIT), _ALERTS))

    async def _keep(
        self, request: Request, told: Callable[[bytes, str, float], tuple[SaidOfPoint, Author]]
    ) -> Response:
        """Keep what was posted of a point, and answer with the point as it stands then."""
        point = (await run_in_threadpool(self._view, request)).point
        try:
            said, author = told(await _body(request), point, self._source.clock.now())
        except ValueError as error:
            raise _mistaken(error) from error
        await self._store(said, author)
        return await run_in_threadpool(self.point, request)

    async def _store(self, said: SaidOfPoint, author: Author) -> None:
        """Keep what somebody said. Raises HTTPException where the journal does not take it."""
        try:
            await run_in_threadpool(self._source.keep, said, author)
        except JournalError as error:
            raise HTTPException(503, f"not kept: {error}") from error

    def _view(self, request: Request) -> PointView:
        wanted = request.path_params["point"]
        try:
            return self._source.view(wanted, self._source.clock.now())
        except KeyError as error:
            raise _unknown(wanted) from error

    def _then(self, request: Request) -> PointView:
        """A point as it is, or as it was at the moment that is asked for."""
        at = request.query_params.get("at")
        if at is None:
            return self._view(request)
        wanted, t = request.path_params["point"], _moment(at, self._source.clock.now())
        try:
            (found,) = self._source.past(t, wanted).views
        except KeyError as error:
            raise _unknown(wanted) from error
        return found

    async def alerts(self, request: Request) -> Response:
        _refuse_past(request)
        part, following = _part(request), _path_of(request, _part(request).page + 1)

        def make(stand: Stand) -> Answer:
            found = self._alerts(stand.now, part, following)
            return Answer(msgspec.json.encode(found), "application/json", _links(found.next))

        return await self._renderer.shelf.answer(request, make)

    def _alerts(self, now: float, part: api.Part, following: str) -> api.Alerts:
        """A part of the alerts. following: where the next part would be."""
        source, alerts = self._source, self._source.alerts()
        asked = part.of(alerts)
        ids = [alert.id for alert in asked if alert.id]
        seen, told = source.seen(ids), source.tellings(ids)
        return api.Alerts(
            now=rfc3339(now),
            region=source.region,
            alerts=[api.alert(alert, seen.get(alert.id), told.get(alert.id, ())) for alert in asked],
            silences=api.silences(source.silences()),
            total=len(alerts),
            next=following if part.goes_on(len(alerts)) else None,
        )

    async def acknowledge(self, request: Request) -> Response:
        try:
            author = api.author(await _body(request))
        except ValueError as error:
            raise _mistaken(error) from error
        alert = request.path_params["alert"]
        try:
            fact = await run_in_threadpool(self._source.acknowledge, alert, author)
        except JournalError as error:
            raise HTTPException(503, f"not kept: {error}") from error
        if fact is None:
            raise HTTPException(404, f"no alert {alert} fires now; /api/v1/alerts lists them")
        return _json(api.acknowledgement(fact))

    async def clock(self, request: Request) -> Response:
        """Somebody says that the host's clock is right."""
        try:
            author = api.author(await _body(request))
        except ValueError as error:
            raise _mistaken(error) from error
        try:
            fact = await run_in_threadpool(self._source.confirm_clock, author)
        except JournalError as error:
            raise HTTPException(503, f"not kept: {error}") from error
        return _json(api.acknowledgement(fact))

    async def code(self, request: Request) -> Response:
        """A code that was heard over the radio; what is wrong with it is said in the site's language."""
        try:
            code, author = api.code_and_author(await _body(request))
        except ValueError as error:
            raise _mistaken(error) from error
        try:
            found = await run_in_threadpool(self._source.answers.by_code, code, author)
        except RadioError as error:
            raise HTTPException(422, self._renderer.radio_error(error)) from error
        except (JournalError, SettingsError) as error:
            raise HTTPException(503, f"not kept: {error}") from error
        return _json(api.entered(found, await run_in_threadpool(self._renderer.entered, found)))

    def healthz(self, _request: Request) -> Response:
        return _health(self._source)

    def metrics(self, _request: Request) -> Response:
        return Response(
            self._source.metrics(),
            headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"},
        )


class _Static(StaticFiles):
    """Files that a browser may keep, and asks for again when it was told of another build."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=86400" if scope["query_string"] else "no-cache"
        return response


async def _body(request: Request) -> bytes:
    """The body of a small request. Raises ValueError for a large one."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise ValueError(f"the body has more than {MAX_BODY_BYTES} bytes")
    return body


def _moment(at: str, now: float) -> float:
    """A moment of the past, from RFC 3339. Raises HTTPException for another."""
    t = _utc(at)
    if t is None or not 0 <= t <= now:
        raise HTTPException(400, f"at={at[:40]!r} is no moment of the past in UTC, such as 2026-11-24T14:30:00Z")
    return t


def _utc(at: str) -> float | None:
    """Unix seconds of an RFC 3339 moment in UTC; None for anything else."""
    try:
        return datetime.fromisoformat(at).timestamp() if "T" in at and at.endswith("Z") else None
    except ValueError:
        return None


def _health(source: WebSource) -> Response:
    health = api.health(source.health())
    return _json(health, status=503 if health.status == "failing" else 200)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""  # makes it a generator


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = failure(error.status_code, error.detail)
    answer.headers.update(error.headers or {})
    return answer


def _part(request: Request) -> api.Part:
    """Which part of a list is asked for. Raises HTTPException."""
    return api.Part(number_of(request, "page", 1), number_of(request, "limit", LIMIT, most=LIMIT_MAX))


def _path_of(request: Request, page: int) -> str:
    """Where another part of the list is that was asked for."""
    return f"{request.url.path}?{urlencode({**request.query_params, 'page': page})}"


def _links(following: str | None) -> dict[str, str]:
    return {} if following is None else {"link": f'<{following}>; rel="next"'}


def _unknown(point: str) -> HTTPException:
    return HTTPException(404, f"no point {point!r} in this region; /api/v1/points lists them")


def _refuse_past(request: Request) -> None:
    """Who asks for a moment of the past must not get what is so now."""
    if "at" in request.query_params:
        raise HTTPException(400, "at: of the past only /api/v1/points tells, and a point of it and its resources")


def _mistaken(error: ValueError) -> HTTPException:
    """What is wrong with what was posted, and where it stands what would not be."""
    return HTTPException(400, f"{error}; docs/api.md has the JSON that this takes")


def _wants_csv(request: Request) -> bool:
    wanted = request.query_params.get("format", "json")
    if wanted not in ("json", "csv"):
        raise HTTPException(400, f"format={wanted[:40]!r} is neither json nor csv")
    return wanted == "csv"


def _csv(text: str) -> Response:
    return Response(text, media_type="text/csv")


def _json(body: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")
