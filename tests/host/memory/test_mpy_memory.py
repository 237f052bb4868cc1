"""The model against two machines: what the emulated chip kept, and what MicroPython's unix port keeps here and now."""

import re
import subprocess
from pathlib import Path

import pytest

from paraat.memory import mpy_memory
from paraat.memory.mpy_memory import UNIX_PORT_WORD, MpyError
from paraat.provision.bundle.mpy import compile_tree
from paraat.simulate import boards

SAMPLES = Path(__file__).parent / "mpy_samples"
# Bytes for one more import of each sample, of eight under other names, without names: emulated ESP32, v1.26.1.
ON_THE_CHIP = {"classes": 1224, "tables": 1042}
COPIES = 8
# The firmware of 27 November 2026, 58 files, on the same chip: all modules with their names, after a collection.
NAMES = 1237
NAMES_BYTES = 20597

_IMPORTS = f"""
import gc, micropython
def live():
    gc.collect()
    return gc.mem_alloc()
for sample in ("classes", "tables"):
    __import__(sample + "0")
    before = live()
    micropython.qstr_info()
    for i in range(1, {COPIES + 1}):
        __import__(sample + str(i))
    after = live()
    micropython.qstr_info()
    print(sample, after - before)
"""


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("samples")
    return {path.stem: path.read_bytes() for path in compile_tree(SAMPLES, folder)}


@pytest.mark.parametrize("name", sorted(ON_THE_CHIP))
def test_it_counts_what_the_emulated_chip_kept(samples: dict[str, bytes], name: str) -> None:
    counted = mpy_memory.module_bytes(mpy_memory.read(samples[name]))
    assert counted == pytest.approx(ON_THE_CHIP[name], rel=0.03)


@pytest.mark.needs("micropython")
def test_it_counts_what_the_unix_port_keeps(samples: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in samples.items():
        for i in range(COPIES + 1):
            (tmp_path / f"{name}{i}.mpy").write_bytes(data)
    run = subprocess.run(
        [str(boards.micropython()), "-c", _IMPORTS],
        env={"MICROPYPATH": f"{tmp_path}:.frozen"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = [int(total) for total in re.findall(r"n_total_bytes=(\d+)", run.stdout)]
    kept = {name: int(total) for name, total in re.findall(r"^(\w+) (\d+)$", run.stdout, re.MULTILINE)}
    for name, before, after in zip(kept, names[::2], names[1::2], strict=True):
        measured = (kept[name] - (after - before)) / COPIES
        counted = mpy_memory.module_bytes(mpy_memory.read(samples[name]), UNIX_PORT_WORD)
        assert counted == pytest.approx(measured, rel=0.06), name


def test_a_word_of_the_port_is_twice_the_chips_and_bytecode_is_not(samples: dict[str, bytes]) -> None:
    parsed = mpy_memory.read(samples["classes"])
    chip, port = mpy_memory.module_bytes(parsed), mpy_memory.module_bytes(parsed, UNIX_PORT_WORD)
    assert 1.4 < port / chip < 1.8


def test_names_take_tables_that_double() -> None:
    names = [f"name{i:05d}" for i in range(NAMES)]
    assert mpy_memory.names_bytes(names) == pytest.approx(NAMES_BYTES, rel=0.06)
    assert mpy_memory.names_bytes(names[:620]) < mpy_memory.names_bytes(names[:621]) - 640 * 7
    assert mpy_memory.names_bytes([]) == 0
    assert mpy_memory.names_bytes(["a", "a"]) == mpy_memory.names_bytes(["a"])


def test_what_the_chip_has_in_rom_is_known() -> None:
    assert {"asyncio", "readinto", "ticks_ms", "Pin", "idf_heap_info"} <= mpy_memory.in_rom()
    assert "noodsteunpunt" not in mpy_memory.in_rom()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends in the middle"),
        (b"M\x05\x00\x1f\x00", "version 6"),
        (b"M\x06\x0a\x1f\x00", "machine code"),
        (b"M\x06\x00\x1f\x05\x00", "ends in the middle"),
    ],
)
def test_what_is_no_mpy_file_is_named(data: bytes, why: str) -> None:
    with pytest.raises(MpyError, match=why):
        mpy_memory.read(data)
