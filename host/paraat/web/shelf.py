"""Answers that are ready: made once for each stand of the points, whoever asks for them, packed once, and told by a mark."""

import gzip
import secrets
import threading
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import NamedTuple

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from paraat.web.source import Stand, WebSource

_MOST = 64  # answers kept, each of some hundred KB at most
_OLD_S = 15.0  # so old an answer may be while somebody else makes the next one
_STANDS = 8  # whose answers are told apart
_PACKED = {"content-encoding": "gzip"}
_LEVEL = 3  # of zlib: half a percent larger than at 6, in half the time


class _Made(msgspec.Struct, frozen=True):
    stand: Stand
    at_s: float
    body: bytes
    packed: bytes
    media_type: str
    headers: dict[str, str]


class Answer(NamedTuple):
    """What is made of a stand."""

    body: bytes
    media_type: str
    headers: dict[str, str]


class Shelf:
    """Keeps answers by what was asked. One is made at a time: that many ask costs no more than that one does."""

    def __init__(self, source: WebSource) -> None:
        self._source = source
        self._begun = secrets.token_hex(4)
        self._making = threading.Lock()
        self._counting = threading.Lock()
        self._number = 0
        self._stands: dict[int, Stand] = {}  # the last few, by their numbers
        self._made: dict[str, _Made] = {}

    async def answer(self, request: Request, make: Callable[[Stand], Answer]) -> Response:
        """What `make` makes of how the points stand, for this path and query; 304 to who has it. It may raise HTTPException."""
        made = await run_in_threadpool(self._find, f"{request.url.path}?{request.url.query}", make)
        headers = made.headers | self._told(made.stand)
        if _has(request, headers):
            return Response(status_code=304, headers=headers)
        if not _unpacks(request):
            return Response(made.body, media_type=made.media_type, headers=headers)
        return Response(made.packed, media_type=made.media_type, headers=headers | _PACKED)

    async def stream(self, request: Request, media_type: str, parts: Callable[[Stand], Iterator[bytes]]) -> Response:
        """A long answer, which goes out part by part as it is made; each of them is made in turn with other answers."""
        stand = await run_in_threadpool(self._source.stand)
        headers = self._told(stand)
        if _has(request, headers):
            return Response(status_code=304, headers=headers)
        made = self._in_turn(parts(stand))
        if not _unpacks(request):
            return StreamingResponse(made, media_type=media_type, headers=headers)
        return StreamingResponse(_packed(made), media_type=media_type, headers=headers | _PACKED)

    def _find(self, asked: str, make: Callable[[Stand], Answer]) -> _Made:
        stand = self._source.stand()
        last = self._made.get(asked)
        if last is not None and last.stand is stand:
            return last
        is_fit = last is not None and time.monotonic() - last.at_s < _OLD_S
        if not self._making.acquire(blocking=not is_fit):
            assert last is not None
            return last
        try:
            last = self._made.get(asked)  # somebody may have made it while we waited
            return last if last is not None and last.stand is stand else self._make(asked, stand, make)
        finally:
            self._making.release()

    def _make(self, asked: str, stand: Stand, make: Callable[[Stand], Answer]) -> _Made:
        answer = make(stand)
        made = _Made(
            stand, time.monotonic(), answer.body, gzip.compress(answer.body, _LEVEL), answer.media_type, answer.headers
        )
        self._made.pop(asked, None)
        while len(self._made) >= _MOST:
            del self._made[next(iter(self._made))]
        self._made[asked] = made
        return made

    async def _in_turn(self, parts: Iterator[bytes]) -> AsyncIterator[bytes]:
        def following() -> bytes | None:
            with self._making:
                return next(parts, None)

        while (part := await run_in_threadpool(following)) is not None:
            yield part

    def _told(self, stand: Stand) -> dict[str, str]:
        """The headers that tell answers of one stand from those of another, or of another run of the service."""
        with self._counting:
            number = next((number for number, known in self._stands.items() if known is stand), 0)
            if not number:
                self._number = number = self._number + 1
                self._stands[number] = stand
                self._stands.pop(number - _STANDS, None)
        return {"etag": f'W/"{self._begun}-{number}"', "vary": "accept-encoding"}


async def _packed(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(_LEVEL, wbits=zlib.MAX_WBITS | 16)  # 16: as gzip
    async for part in parts:
        yield packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def _has(request: Request, headers: dict[str, str]) -> bool:
    known = request.headers.get("if-none-match", "").split(",")
    return headers["etag"] in (one.strip() for one in known)


def _unpacks(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")
