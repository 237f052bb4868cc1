"""The demo's live table: whatever the width of the terminal, what is shown can be read."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from host.web.scene import NOW, left, point
from paraat.domain.readiness import Verdict
from paraat.simulate.screen import Screen


def drawn(width: int, language: str) -> list[str]:
    """The lines of one frame, with the longest words and figures of the demo."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width, height=40)
    screen = Screen(language, quiet=False, console=console)
    values = {"power/mains": False, "power/generator": True, "battery/voltage": 13.4, "climate/temperature": 17.8,
              "people/present": 139}  # fmt: skip
    views = [
        point(name=name, verdict=verdict, values=values, fuel_percent=100.0, litres=400.0, capacity=150,
              autonomy=left(9.8), stored=1288, missing=11)
        for name, verdict in (("Dorpshuis 't Veerhuis", Verdict.UNKNOWN), ("Buurthuis De Linde", Verdict.LIMITED))
    ]  # fmt: skip
    service = SimpleNamespace(site=SimpleNamespace(points={}), web_url="http://127.0.0.1:8081")
    screen.begin(service, "firmware", "mosquitto", True, 8080)  # type: ignore[arg-type] - these two it reads
    with screen:
        screen.show(views, [], NOW)
    text: str = console.file.getvalue()  # type: ignore[attr-defined] - the StringIO above
    return text[text.rindex("╭") :].splitlines()  # each frame is drawn over the one before


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("width", [80, 100, 120, 140, 200])
def test_nothing_is_cut_off(width: int, language: str) -> None:
    lines = drawn(width, language)
    assert not [line for line in lines if "…" in line]
    (row,) = (line for line in lines if "Veerhuis" in line)
    for shown in ("uit" if language == "nl" else "off", "100 % 400 l", "9,8 u" if language == "nl" else "9.8 h"):
        assert shown in row
    assert max(len(line) for line in lines) <= width - len("^C")


def test_a_wide_terminal_shows_every_column() -> None:
    (row,) = (line for line in drawn(200, "nl") if "Veerhuis" in line)
    for shown in ("aan", "13,4 V", "17,8", "139/150", "1288"):
        assert shown in row
