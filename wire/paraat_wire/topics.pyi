from typing import Final

PREFIX: Final[str]
TELEMETRY: Final[str]
EVENT: Final[str]
STATE: Final[str]
REPLY: Final[str]
ACK: Final[str]
CONFIG: Final[str]
COMMAND: Final[str]
TIME: Final[str]
FROM_BOARD: Final[tuple[str, ...]]
TO_BOARD: Final[tuple[str, ...]]

def is_point_id(text: str) -> bool: ...
def topic(point: str, leaf: str) -> str: ...
def parse(name: str) -> tuple[str, str] | None: ...
