"""JSON, and other data, read as a type: one thread at a time makes a type ready for it.

What msgspec (0.22) must know of a Struct it works out at its first use, with Python code, and it puts that on the class before it is
whole. A thread that reads the same type meanwhile follows a null pointer, and the process is gone without a word: on a busy machine
three of 350 starts of a host, where two of its threads read the inventory of certificates for the first time. So nothing of ours asks
msgspec for a type but here; tests/host/runtime/test_typed.py holds that.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec

T = TypeVar("T")
_making = threading.RLock()
_made: dict[tuple[object, object], msgspec.json.Decoder[Any]] = {}


def decoder(kind: type[T], *, dec_hook: Callable[[type, Any], Any] | None = None) -> Callable[[bytes | str], T]:
    """What reads JSON as that type. dec_hook: as msgspec's. What it returns raises msgspec.MsgspecError."""
    made = _made.get((kind, dec_hook))
    if made is None:
        with _making:
            made = _made[kind, dec_hook] = msgspec.json.Decoder(kind, dec_hook=dec_hook)
    return cast("Callable[[bytes | str], T]", made.decode)


def decode(text: bytes | str, kind: type[T]) -> T:
    """Read JSON as a type. Raises msgspec.MsgspecError."""
    return decoder(kind)(text)


def convert(data: object, kind: type[T], *, str_keys: bool = False) -> T:
    """Take data of plain Python as a type. str_keys: as msgspec's. Raises msgspec.MsgspecError."""
    decoder(kind)
    return msgspec.convert(data, kind, str_keys=str_keys)
