from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

MAX_PAYLOAD_BYTES: Final = 65536
MAX_SEQ: Final = 9007199254740991
RELATIVE_BELOW: Final = 268435456
MAX_FAULT_LENGTH: Final = 20
MAX_VERSION: Final = 1000000000
MAX_BOARD_BYTES: Final = 4096

TOO_LARGE: Final[str]
NOT_UTF8: Final[str]
NOT_JSON: Final[str]
NESTED: Final[str]
NOT_A_PACK: Final[str]
NO_SEQ: Final[str]
BAD_SEQ: Final[str]
BAD_TIME: Final[str]
FOREIGN_POINT: Final[str]
BAD_MESSAGE: Final[str]
UNKNOWN_NAME: Final[str]
WRONG_TOPIC: Final[str]
WRONG_UNIT: Final[str]
WRONG_TYPE: Final[str]
NOT_FINITE: Final[str]
OUT_OF_RANGE: Final[str]
BAD_FAULT: Final[str]
TWICE: Final[str]
REASONS: tuple[str, ...]
STATE_KEYS: tuple[tuple[str, type], ...]

class WireError(ValueError):
    reason: str
    detail: str
    def __init__(self, reason: str, detail: str) -> None: ...

class SampleSet(NamedTuple):
    seq: int
    t: float
    aged: bool
    values: list[tuple[str, float | int | bool]]
    faults: list[tuple[str, str]]
    refused: list[tuple[str, str]]

class Command(NamedTuple):
    id: str
    do: str
    expires: int
    args: dict[str, Any]

class Reply(NamedTuple):
    id: str
    error: str
    result: dict[str, Any]

def encode_records(values: Iterable[tuple[str, float | int | bool]], faults: Iterable[tuple[str, str]]) -> str: ...
def encode_set(point: str, seq: int, bt: int, records: str) -> str: ...
def encode_pack(sets: Iterable[str]) -> bytes: ...
def read_pack(
    point: str, leaf: str, payload: bytes, now: float, loads: Callable[[str], Any] = ...
) -> list[SampleSet]: ...
def encode_state(state: dict[str, Any]) -> bytes: ...
def read_state(payload: bytes, loads: Callable[[str], Any] = ...) -> dict[str, Any]: ...
def encode_ack(ranges: Iterable[tuple[int, int]]) -> bytes: ...
def read_ack(payload: bytes, loads: Callable[[str], Any] = ...) -> list[tuple[int, int]]: ...
def encode_time(t: float) -> bytes: ...
def read_time(payload: bytes, loads: Callable[[str], Any] = ...) -> int: ...
def encode_config(config: dict[str, Any]) -> bytes: ...
def read_config(payload: bytes, loads: Callable[[str], Any] = ...) -> dict[str, Any]: ...
def encode_command(command: Command) -> bytes: ...
def read_command(payload: bytes, loads: Callable[[str], Any] = ...) -> Command: ...
def encode_reply(reply: Reply) -> bytes: ...
def read_reply(payload: bytes, loads: Callable[[str], Any] = ...) -> Reply: ...
