"""The runner sheet of a point, as a PDF to print."""

from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from paraat.site.errors import SettingsError
from paraat.web.pages.point import view_of
from paraat.web.render import Renderer
from paraat.web.sheet import Sheets

PATH = "/points/{point}/sheet.pdf"


def answer(renderer: Renderer, request: Request) -> Response:
    """The sheet of one point, as it stands at this moment."""
    source, point = renderer.source, request.path_params["point"]
    now = source.clock.now()
    view = view_of(renderer, point, now)
    try:
        book = source.answers.book
    except SettingsError as error:
        raise HTTPException(503, f"no codes can be printed: {error}") from error
    sheets = Sheets(source.region, source.language, ZoneInfo(source.timezone))
    made = sheets.pdf(view, source.alerts(), source.places[point], book, now)
    headers = {"content-disposition": f'inline; filename="{point}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)
