from collections.abc import Callable
from typing import Any, Final, NamedTuple

MAX_VERSION: Final = 1000000000

class Command(NamedTuple):
    id: str
    do: str
    expires: int
    args: dict[str, Any]

class Reply(NamedTuple):
    id: str
    error: str
    result: dict[str, Any]

def read_config(payload: bytes, loads: Callable[[str], Any] = ...) -> dict[str, Any]: ...
def read_command(payload: bytes, loads: Callable[[str], Any] = ...) -> Command: ...
def encode_reply(reply: Reply) -> bytes: ...

# Shared with host_codec.
def check_board_size(payload: bytes) -> None: ...
def read_word(message: dict[str, Any], key: str) -> str: ...
