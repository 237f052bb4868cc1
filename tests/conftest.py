"""What all tests share: which tools are there, and the collector that runs tests under MicroPython."""

import importlib.util
import os
import signal
import sys
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, settings

from micropython_collector import MicroPythonFile, micropython
from paraat.simulate.servers import find_program

TESTS = Path(__file__).parent
# Long runs with faults, for `make faults` only; and what plays hours, for `make test-long`, which CI runs too.
_OWN_TARGETS = {"faults": "PARAAT_FAULTS", "long": "PARAAT_LONG"}
collect_ignore = [folder for folder, asked in _OWN_TARGETS.items() if os.environ.get(asked) != "1"]
# Files, and a folder of files, that wait for servers, boards and processes.
LONGEST = (
    "faults/host/test_rounds.py",
    "faults/firmware/test_power_cuts.py",
    "faults/firmware/test_flash_wear.py",
    "end_to_end/test_serve.py",
    "end_to_end",
    "host/provision/flash/test_session.py",
    "host/test_service.py",
    "host/test_telling.py",
)
REQUIRE_ALL = os.environ.get("PARAAT_REQUIRE_ALL") == "1"

# The same examples each time, however long a busy machine takes over one: a run fails for what was changed.
# With PARAAT_FAULTS=1 they are new ones.
settings.register_profile(
    "steady",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("PARAAT_FAULTS") != "1",
)
settings.load_profile("steady")
# A shell that starts us in the background has us ignore Ctrl-C, and every process that a test starts would do so too.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Nor may it matter how wide the screen is, whether it has colours and which language its user speaks, or which modes new files get.
for name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "PARAAT_LANGUAGE"):
    os.environ.pop(name, None)
os.umask(0o022)
# Where Python is told to keep nothing that it compiled, as some containers do, each process of `make test` and each of the
# hundreds of commands that the tests start would compile all of ours again, and pytest look at every assertion again: to
# collect the tests took 13 s of processor time instead of 6.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


# The keys of the tests' authorities, the same few over and over: to look into one of 3,072 bits takes a tenth of a second.
serialization.load_pem_private_key = cache(serialization.load_pem_private_key)


@pytest.fixture(autouse=True, scope="session")
def no_proxies() -> Iterator[None]:
    """paho's thread looks through os.environ for a proxy whenever it connects, and dies when pytest changes it meanwhile: it writes the name
    of each test there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urllib.request, "getproxies", dict)
        yield


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of this test say English, whatever its site says."""
    monkeypatch.setenv("PARAAT_LANGUAGE", "en")


def missing(tool: str) -> str | None:
    """Why a tool cannot be used here, in words; None when it can."""
    if tool == "micropython":
        return None if micropython() else "MicroPython's unix port has no wheel for this machine"
    if tool == "gammu" and importlib.util.find_spec("gammu") is None:
        return "python-gammu has no wheel for this machine"
    programs = {"chromium": ("chromium", "chromedriver"), "influxdb": ("influxd",)}.get(tool, (tool,))
    absent = [program for program in programs if find_program(program) is None]
    return f"{', '.join(absent)} is not installed: run `make deps`" if absent else None


def require(tool: str) -> None:
    """Skip the test, with the reason, where a tool is missing; fail it when everything must be there (CI)."""
    reason = missing(tool)
    if reason is not None:
        (pytest.fail if REQUIRE_ALL else pytest.skip)(reason)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for tool in mark.args:
            require(tool)


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # `make test`: the files in our order, and not those of most tests first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that nobody waits for it at the end with the other processor idle."""
    rank = {TESTS / name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: min(rank.get(item.path, len(rank)), rank.get(item.path.parent, len(rank))))


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """tests/firmware, and the boards' runs in tests/long and tests/faults, run under MicroPython only."""
    if any(module_path.is_relative_to(TESTS / name) for name in ("firmware", "long/firmware", "faults/firmware")):
        return MicroPythonFile.from_parent(parent, path=module_path)
    return None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """tests/wire runs under both: pytest's own collector takes it too."""
    if file_path.is_relative_to(TESTS / "wire") and file_path.match("test_*.py"):
        return MicroPythonFile.from_parent(parent, path=file_path)
    return None
