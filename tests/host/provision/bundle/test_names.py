"""Words from the ROM in the place of the firmware's own names change nothing that it does."""

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from paraat.provision.bundle.mpy import board_sources
from paraat.provision.bundle.names import rom_names, shorten
from paraat.provision.bundle.pack import pack
from paraat.provision.bundle.program import PackError


def shortened(outside: str = "", **modules: str) -> tuple[dict[str, str], dict[str, str]]:
    sources = {name.replace("__", "/", 1) + ".py": textwrap.dedent(text) for name, text in modules.items()}
    return shorten(sources, outside)


NODE = """
    import json
    from collections import namedtuple
    from drivers import chip as _pack
    Row = namedtuple("Row", ("width_mm", "height_mm"))
    _seen_before = []
    class Node:
        def __init__(self, first_row, *, is_known=False):
            self._first_row = first_row
            self.is_known = is_known
            self.rows_seen = 0
        def look_again(self):
            global _seen_before
            _seen_before = [*_seen_before, self._first_row.width_mm]
            self.rows_seen += 1
            return self._widest(), hasattr(self, "rows_seen"), json.dumps({"is_known": self.is_known})
        def _widest(self):
            return max(_seen_before)
    def main():
        node = Node(Row(1, 2), is_known=True)
        try:
            return node.look_again(), _pack.measure_depth(node)
        except ValueError as first_error:
            return str(first_error)
"""
CHIP = """
    def _checked(depth_mm):
        return depth_mm * 2
    def measure_depth(node):
        return _checked(node.rows_seen) + node._first_row.height_mm
"""


def test_it_does_the_same_under_other_names(tmp_path: Path) -> None:
    files, names = shortened(node__app=NODE, drivers__chip=CHIP)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    code = "from node import app; print(app.main())"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == """((1, True, '{"is_known": true}'), 4)"""
    assert {"_first_row", "_seen_before", "_widest", "_checked", "depth_mm", "first_error", "first_row"} <= names.keys()


def test_what_is_seen_from_outside_stays() -> None:
    _, names = shortened(
        "from node import app\napp.late_word\n", node__app=NODE + "    late_word = 1\n", drivers__chip=CHIP
    )
    public = {"Node", "Row", "main"}
    looked_up = {"rows_seen", "width_mm", "height_mm", "is_known", "late_word"}
    theirs = {"json", "dumps", "namedtuple", "collections", "__init__", "node", "drivers", "chip", "app"}
    assert not (public | looked_up | theirs) & names.keys()
    assert {"look_again", "measure_depth"} <= names.keys()


def test_what_belongs_to_micropython_stays_even_where_the_rom_of_a_chip_lacks_it() -> None:
    _, names = shortened(node__app="import esp32\ndef _f(own):\n    return esp32.only_on_s4(own), own.our_own\n")
    assert names.keys() == {"_f", "our_own", "own"}


def test_a_new_name_is_one_that_the_firmware_has_nowhere_and_the_rom_has() -> None:
    sources = pack(board_sources())
    files, names = shorten(sources)
    in_rom, usable = rom_names()
    before = {
        word
        for text in sources.values()
        for node in ast.walk(ast.parse(text))
        for word in (getattr(node, key, None) for key in ("id", "attr", "arg", "name", "asname", "value"))
        if isinstance(word, str)
    }
    assert len(names) > 300
    assert len(set(names.values())) == len(names)
    assert not set(names.values()) & before
    assert set(names.values()) <= set(usable) <= in_rom
    assert not in_rom & names.keys()
    assert shorten(sources) == (files, names)


def test_a_name_of_ours_that_is_made_while_it_runs_is_refused() -> None:
    text = "def main(node, kind):\n    return getattr(node, 'on_' + kind)\n"
    with pytest.raises(PackError, match=r"node/app\.py: getattr\(node, 'on_' \+ kind\): names of our own objects"):
        shortened(node__app=text)
    shortened(node__app="import network\ndef main(kind):\n    return getattr(network, 'PHY_' + kind)\n")
