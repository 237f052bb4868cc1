from pathlib import Path
from typing import Any

import pytest

from paraat.provision.bundle.mpy import CompileError, board_metrics, compile_tree, compile_wire
from paraat.site import paths
from paraat_wire import metrics


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "node").mkdir(parents=True)
    (folder / "main.py").write_text("import node.app\n")
    (folder / "node" / "app.py").write_text("def run():\n    return 1\n")
    (folder / "node" / "test_app.py").write_text("x = 1\n")
    return folder


def test_modules_are_compiled_and_main_stays_source(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "built"
    written = compile_tree(source, target, exclude=("test_app.py",))
    assert sorted(str(p.relative_to(target)) for p in written) == ["main.py", "node/app.mpy"]
    assert (target / "node" / "app.mpy").read_bytes()[:1] == b"M"


def test_the_same_source_gives_the_same_bytes_and_is_compiled_once(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "built"
    compile_tree(source, target)
    compiled = target / "node" / "app.mpy"
    first, written_ns = compiled.read_bytes(), compiled.stat().st_mtime_ns
    compile_tree(source, target)
    assert compiled.stat().st_mtime_ns == written_ns
    (source / "node" / "app.py").write_text("def run():\n    return 2\n")
    compile_tree(source, target)
    assert compiled.read_bytes() != first


def test_what_left_the_source_leaves_the_target(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "built"
    compile_tree(source, target)
    (source / "node" / "app.py").unlink()
    compile_tree(source, target)
    assert not (target / "node" / "app.mpy").exists()


def test_a_mistake_in_the_source_names_the_file(source: Path, tmp_path: Path) -> None:
    (source / "node" / "app.py").write_text("def run(:\n")
    with pytest.raises(CompileError, match=r"app\.py"):
        compile_tree(source, tmp_path / "built")


def test_the_firmware_compiles_whole(tmp_path: Path) -> None:
    names = {path.name for path in compile_tree(paths.firmware_dir(), tmp_path / "firmware")}
    assert {"main.py", "app.mpy", "journal.mpy", "mqtt.mpy", "a02yyuw.mpy"} <= names


def test_the_board_gets_its_part_of_the_table_of_metrics() -> None:
    board: dict[str, Any] = {}
    exec(board_metrics((paths.wire_dir() / "paraat_wire" / "metrics.py").read_text(encoding="utf-8")), board)
    for row in metrics.ROWS:
        name = row[metrics.NAME]
        if row[metrics.SOURCE] == metrics.HOST:
            assert board["lookup"](name) is None
        else:
            assert board["lookup"](name + "/hall") == (row[: metrics.DIGITS + 1], "hall", False)


def test_a_table_of_metrics_that_is_not_found_is_a_mistake() -> None:
    with pytest.raises(CompileError, match="ROWS"):
        board_metrics("METRICS = ()\n")


def test_the_board_does_not_carry_the_hosts_side_of_the_contract(tmp_path: Path) -> None:
    names = {path.name for path in compile_wire(tmp_path)}
    assert names == {"__init__.mpy", "bundle.mpy", "codec.mpy", "metrics.mpy", "topics.mpy"}
