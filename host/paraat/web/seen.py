"""The page of a signed link, in a message: GET shows what is the matter and two buttons, "I see to it" and "I cannot"; POST is one of them.

A mail scanner opens every link, so looking changes nothing. It needs no login: the link itself says who it is for.
"""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from paraat.journal import JournalError
from paraat.site.errors import SettingsError
from paraat.texts import Phrase
from paraat.web.guard import LINK_HEADERS
from paraat.web.render import Renderer

PATH = "/seen/{token}"
_CANNOT = "no"

_log = logging.getLogger(__name__)


class LinkPage:
    """Answers at PATH, also to phones."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def answer(self, request: Request) -> HTMLResponse:
        """410 for a link that does not count, with the reason and what to do."""
        token, answer = request.path_params["token"], request.query_params.get("answer", "")
        try:
            if request.method == "POST":
                page = await run_in_threadpool(self._press, token, sees_to_it=answer != _CANNOT)
            else:
                page = await run_in_threadpool(self._look, token)
            status = 200
        except ValueError as error:
            status, page = 410, self._refused(error)
        except (JournalError, SettingsError) as error:
            _log.error("a link was opened, and could not be looked at or kept: %s", error)
            status, page = 503, self._refused(Phrase("It cannot be kept now. Call the coordination point."))
        return HTMLResponse(page, status, LINK_HEADERS)

    def _look(self, token: str) -> str:
        asked = self._renderer.source.answers.asked(token)
        return self._renderer.fill(
            "seen.html",
            state="asks",
            items=[self._renderer.item(alert) for alert in asked.alerts],
            name=asked.person.name,
        )

    def _press(self, token: str, *, sees_to_it: bool) -> str:
        fact = self._renderer.source.answers.by_link(token, sees_to_it=sees_to_it)
        return self._renderer.fill("seen.html", state="used" if sees_to_it else "declined", name=fact.author.name)

    def _refused(self, why: ValueError | Phrase) -> str:
        return self._renderer.fill("seen.html", state="refused", why=self._renderer.words.say(why))
