"""Work that may hang, in a process of its own: a mail server that drips, a modem that never answers.

A thread that waits inside a library cannot be ended; a process can. It gets its orders as JSON lines on its standard input,
so no secret stands in a list of processes, and answers in lines. Beyond its limit it is killed, and the next order starts a
new one. Should the host be killed, the helper reads the end of its input and goes; one that hangs ends itself by an alarm.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from paraat.texts import Phrase

_END_S = 2.0  # for a helper that was told to go
_ALONE_S = 30.0  # beyond an order's limit, until a helper that nobody kills any more ends itself
_MAX_ANSWER = 1_000_000

Answer = dict[str, Any]
Order = Mapping[str, Any]


class AsideError(Exception):
    """Raised when the helper did not do it. str() says why, and holds nothing of the order."""


class TooLongError(AsideError):
    """Raised when the helper had not answered within the limit; it was ended. Whether it was done is not known."""


class Aside:
    """One helper, started with the first order. module: run as `python -m`, with `serve` as its main.

    idle_s: a helper that had no order for so long is let go by `rest`; None: it stays.
    """

    def __init__(self, module: str, *, idle_s: float | None = None) -> None:
        self._module = module
        self._idle_s = idle_s
        self._turn = threading.Lock()  # one order at a time
        self._used_s = 0.0
        self._closed = False
        self._helper: subprocess.Popen[bytes] | None = None

    def __del__(self) -> None:
        """As a file does: who forgets it leaves no process behind."""
        if self._helper is not None:
            self._end(self._helper)

    def ask(self, order: Order, *, limit_s: float) -> Answer:
        """Have it done. Raises AsideError; TooLongError once limit_s are over, those that other orders took not counted."""
        with self._turn:
            if self._closed:
                raise AsideError(Phrase("the service stops"))
            self._used_s = time.monotonic()
            helper = self._running()
            try:
                line = self._exchange(helper, order, limit_s)
            except BaseException:
                self._end(helper)
                raise
            finally:
                self._used_s = time.monotonic()
        return _read(line)

    def rest(self) -> None:
        """Let go of a helper that had nothing to do for idle_s. Call it now and then."""
        if self._idle_s is None or not self._turn.acquire(blocking=False):
            return
        try:
            if self._helper is not None and time.monotonic() - self._used_s > self._idle_s:
                self._end(self._helper)
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the helper, also in the middle of an order, which then raises AsideError; take no other."""
        self._closed = True
        helper = self._helper
        if helper is not None:
            with contextlib.suppress(ProcessLookupError):
                helper.kill()
        with self._turn:
            if self._helper is not None:
                self._end(self._helper)

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._helper is not None and self._helper.poll() is None:
            return self._helper
        if self._helper is not None:
            self._end(self._helper)
        self._helper = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries print URLs, with what is secret in them
            start_new_session=True,  # Ctrl-C is for the host, which ends it in its turn
        )
        return self._helper

    def _exchange(self, helper: "subprocess.Popen[bytes]", order: Order, limit_s: float) -> bytes:
        assert helper.stdin is not None
        assert helper.stdout is not None
        deadline = time.monotonic() + limit_s
        line = json.dumps({"limit_s": limit_s, "order": dict(order)}).encode() + b"\n"
        try:
            helper.stdin.write(line)
            helper.stdin.flush()
        except OSError as error:
            raise self._gone(helper) from error
        answer = b""
        while not answer.endswith(b"\n"):
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([helper.stdout], [], [], left_s)[0]:
                raise TooLongError(Phrase("no answer within {limit} s", limit=f"{limit_s:g}"))
            read = os.read(helper.stdout.fileno(), 65536)
            if not read or len(answer) > _MAX_ANSWER:
                raise self._gone(helper)
            answer += read
        return answer

    def _gone(self, helper: "subprocess.Popen[bytes]") -> AsideError:
        if self._closed:
            return AsideError(Phrase("the service stops"))
        with contextlib.suppress(subprocess.TimeoutExpired):
            helper.wait(_END_S)
        return AsideError(Phrase("its helper process ended with {code}", code=helper.returncode))

    def _end(self, helper: "subprocess.Popen[bytes]") -> None:
        with contextlib.suppress(OSError):
            helper.kill()
        for pipe in (helper.stdin, helper.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it had not read
                    pipe.close()
        helper.wait()
        self._helper = None


def _read(line: bytes) -> Answer:
    answer: Answer = json.loads(line)
    if error := answer.get("error"):
        raise AsideError(str(error))
    return dict(answer["answer"])


def serve(work: Callable[[Answer], Answer]) -> None:
    """The main of a helper: carry out orders until its input ends.

    work: an order in, an answer out. What it raises is answered: an AsideError by its words, anything else by its kind and
    place only, for its words may have a URL with a password in them.
    """
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no answer
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends us also inside a library that hangs
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        signal.alarm(int(asked["limit_s"] + _ALONE_S))
        try:
            answer: Answer = {"answer": work(asked["order"])}
        except AsideError as error:
            answer = {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - the edge of this process
            frame = traceback.extract_tb(error.__traceback__)[-1]
            answer = {"error": f"a mistake in its helper: {type(error).__name__} at {frame.name}:{frame.lineno}"}
        signal.alarm(0)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
