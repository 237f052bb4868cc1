from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from . import orders

MAX_FAULT_LENGTH: Final = 20
NOT_A_PACK: Final[str]
NO_SEQ: Final[str]
FOREIGN_POINT: Final[str]
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

class SampleSet(NamedTuple):
    seq: int
    t: float
    aged: bool
    values: list[tuple[str, float | int | bool]]
    faults: list[tuple[str, str]]
    refused: list[tuple[str, str]]

def encode_pack(sets: Iterable[str]) -> bytes: ...
def read_pack(
    point: str, leaf: str, payload: bytes, now: float, loads: Callable[[str], Any] = ...
) -> list[SampleSet]: ...
def read_state(payload: bytes, loads: Callable[[str], Any] = ...) -> dict[str, Any]: ...
def encode_ack(ranges: Iterable[tuple[int, int]]) -> bytes: ...
def encode_time(t: float) -> bytes: ...
def alive_topic(host: str) -> str: ...
def alive_host(topic: str) -> str | None: ...

LEASE: str

def encode_lease(holder: str, name: str) -> bytes: ...
def read_lease(payload: bytes, loads: Callable[[str], Any] = ...) -> tuple[str, str]: ...
def encode_config(config: dict[str, Any]) -> bytes: ...
def encode_command(command: orders.Command) -> bytes: ...
def read_reply(payload: bytes, loads: Callable[[str], Any] = ...) -> orders.Reply: ...
