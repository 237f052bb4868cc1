from typing import Final, TypeAlias

Row: TypeAlias = tuple[str, str, str, str | None, float, float, int, str, str, str]

FLOAT: Final[str]
INT: Final[str]
BOOL: Final[str]
TELEMETRY: Final[str]
EVENT: Final[str]
HOST: Final[str]
FAULT: Final[str]
SEQ: Final[str]
NAME: Final = 0
SOURCE: Final = 1
TYPE: Final = 2
UNIT: Final = 3
LOW: Final = 4
HIGH: Final = 5
DIGITS: Final = 6
MEASUREMENT: Final = 7
FIELD: Final = 8
MEANING: Final = 9
ROWS: tuple[Row, ...]
RETIRED: tuple[str, ...]

def lookup(name: str) -> tuple[Row, str, bool] | None: ...
def row_of(name: str) -> Row: ...
