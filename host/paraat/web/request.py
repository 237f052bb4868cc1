"""What an address asks for, beside its path."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from paraat.web.render import Place

_MOST = 10**6


def number_of(request: Request, name: str, default: int, *, most: int = _MOST) -> int:
    """A whole number of a query, 1 to `most`. Raises HTTPException for anything else."""
    asked = request.query_params.get(name)
    if asked is None:
        return default
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0
    if not 1 <= number <= most:
        raise HTTPException(400, f"{name}={asked[:40]!r} is no whole number from 1 to {most}")
    return number


def place_of(request: Request) -> Place:
    """Which parts of its lists the status page is to show. Raises HTTPException."""
    return Place(number_of(request, "page", 1), number_of(request, "alerts", 1))
