"""The builds of MicroPython that boards take: boards/micropython.toml, by the name that board.toml gives as its image."""

from typing import Annotated

from msgspec import Meta

from paraat.boards.board_file import PsramKind
from paraat.domain.fields import Part, Text
from paraat.site import paths
from paraat.site.tables import convert_table, read_toml

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Build(Part, frozen=True):
    """One build, pinned. machine: what its prompt calls it. psram: the kind that it makes use of.

    sha256: None where nobody publishes it.
    """

    file: Annotated[str, Meta(pattern=r"^[A-Z0-9_]+(-[A-Z0-9_]+)?-[0-9]{8}-v[0-9.]+\.bin$")]
    machine: Text
    psram: PsramKind | None = None
    sha256: Sha256 | None = None


def builds() -> dict[str, Build]:
    """Every build. Raises SettingsError."""
    path = paths.boards_dir() / "micropython.toml"
    return {name: convert_table(path, table, Build, name) for name, table in read_toml(path).items()}


def by_machine(machine: str) -> str | None:
    """The build whose prompt says this; None: of none of ours."""
    return next((name for name, build in builds().items() if same_machine(build.machine, machine)), None)


def same_machine(one: str, other: str) -> bool:
    """Whether two prompts name one machine: MicroPython wrote ESP32S3 up to 1.28 and writes ESP32-S3 since."""
    return one.replace("-", "") == other.replace("-", "")
