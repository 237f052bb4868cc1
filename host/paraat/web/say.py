"""What is typed in a form of a point's page: the same as what is posted to the API, in the words of a form."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from paraat.domain.activation import Phase
from paraat.domain.facts import Author, SaidOfPoint
from paraat.domain.subjects import POINT, Subject
from paraat.journal import JournalError
from paraat.texts import Phrase
from paraat.texts.typed import typed_moment, typed_number
from paraat.web import actions
from paraat.web.pages import point as page
from paraat.web.render import Renderer

PATH = "/points/{point}/say/{action}"
MAX_FORM_BYTES = 4096
_FIELDS_MAX = 20

Said = tuple[SaidOfPoint, Author]


class SayPage:
    """Answers at PATH: keeps what was typed and shows the point, or says what is wrong with it."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._zone = ZoneInfo(renderer.source.timezone)

    async def answer(self, request: Request) -> Response:
        """303 to the point's page when it is kept; else 400 or 503 with that page and the reason."""
        typed = await _form(request)
        return await run_in_threadpool(self._keep, request, typed)

    def _keep(self, request: Request, typed: dict[str, str]) -> Response:
        source, point = self._renderer.source, request.path_params["point"]
        now = source.clock.now()
        page.view_of(self._renderer, point, now)
        kinds: dict[str, Callable[[bytes], Said]] = {
            "attest": lambda body: actions.attested(body, point, source.profiles, now),
            "phase": lambda body: actions.phase_changed(body, point, now),
            "count": lambda body: actions.counted(body, point, now),
            "delivery": lambda body: actions.delivered(body, source.places[point]),
            "plan": lambda body: actions.delivery_planned(body, source.places[point], now),
            "gaps": lambda body: actions.gap_accepted(body, point, now),
            "silence": lambda body: actions.silenced(body, Subject(POINT, point), now, source.silence_most_s),
        }
        action = request.path_params["action"]
        if action not in kinds:
            raise HTTPException(404, f"nothing to say by {action!r}")
        try:
            said, author = kinds[action](msgspec.json.encode(self._asked(typed, now)))
        except ValueError as error:
            return page.show(self._renderer, request, refused=self._renderer.words.say(error), typed=typed, status=400)
        try:
            source.keep(said, author)
        except JournalError:
            why = self._renderer.words.say(Phrase("It cannot be kept now. Call the coordination point."))
            return page.show(self._renderer, request, refused=why, typed=typed, status=503)
        return RedirectResponse(f"/points/{point}?kept", 303)

    def _asked(self, typed: dict[str, str], now: float) -> dict[str, object]:
        """A form as the API is asked. Raises ValueError, in the words of the form."""
        asked: dict[str, object] = {key: value for key, value in typed.items() if value.strip()}
        if (word := asked.pop("word", None)) is not None:
            asked |= {"there": word == "there", "revoke": word == "revoke"}
        if "people" in typed:
            asked["people"] = typed_number(typed["people"])
            if not isinstance(asked["people"], int):
                raise ValueError(Phrase("How many people: give a whole number, such as 84."))
        if "cancel" in typed:
            return {key: asked[key] for key in ("by", "role") if key in asked} | {"cancel": True}
        if "litres" in typed:
            asked["litres"] = typed_number(typed["litres"])
            if isinstance(asked["litres"], str):
                raise ValueError(Phrase("Litres: give a number, such as 200."))
        if "at" in typed:
            asked |= {"at": self._to_come(typed["at"], now, Phrase("When: give a day and an hour to come."))}
            if "who" not in asked:
                raise ValueError(Phrase("Say who brings it."))
        if (seqs := asked.pop("seqs", None)) is not None:
            asked |= _seqs(str(seqs))
        if "seqs" in typed and "reason" not in asked:
            raise ValueError(Phrase("Say why they will not come, such as: box replaced."))
        if "hours" in typed:
            asked = _silence(asked, typed["hours"], now)
        if typed.get("phase") not in (None, Phase.OUT_OF_USE.value) and "until" in asked:
            raise ValueError(Phrase("A last day is only for a point that is out of use: leave it empty."))
        if typed.get("phase") == Phase.OUT_OF_USE.value or ("resource" in typed and word != "revoke"):
            wrong = Phrase("Give a day to come, until which it holds.")
            asked["until"] = self._to_come(typed.get("until", ""), now, wrong)
        elif "resource" in typed:
            asked.pop("until", None)
        return asked

    def _to_come(self, typed: str, now: float, wrong: Phrase) -> str:
        """A moment to come. Raises ValueError."""
        at = typed_moment(typed, self._zone)
        if at is None or at.timestamp() <= now:
            raise ValueError(wrong)
        return at.isoformat()


def _seqs(chosen: str) -> dict[str, object]:
    """Of which sets it is said that they are waited for no longer. Raises ValueError."""
    first, _, last = chosen.partition("-")
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        raise ValueError(Phrase("Choose what nobody waits for any longer from the list."))
    return {"first": int(first), "last": int(last)}


def _silence(typed: Mapping[str, object], hours_typed: str, now: float) -> dict[str, object]:
    """Until when a point is silenced, from the hours of its form; or that it is so no longer."""
    asked = {key: value for key, value in typed.items() if key != "hours"}
    if "end" in asked:
        return asked | {"end": True}
    hours = typed_number(hours_typed)
    if isinstance(hours, str) or not 0 < hours < 10_000:
        raise ValueError(Phrase("For how many hours: give a number, such as 4."))
    return asked | {"until": datetime.fromtimestamp(now + 3600 * hours, UTC).isoformat()}


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form. Raises HTTPException for what is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise HTTPException(415, "a form is sent as application/x-www-form-urlencoded")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            raise HTTPException(413, f"a form has at most {MAX_FORM_BYTES} bytes")
    try:
        fields = parse_qs(
            body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX, encoding="utf-8", errors="strict"
        )
    except ValueError as error:
        raise HTTPException(400, "the form cannot be read") from error
    return {key: values[-1] for key, values in fields.items()}
