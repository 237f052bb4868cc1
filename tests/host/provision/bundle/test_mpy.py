import shutil
from pathlib import Path
from typing import Any

import pytest

from paraat.provision.bundle.mpy import CompileError, board_metrics, board_sources, compile_board, compile_tree
from paraat.provision.bundle.pack import ROOT
from paraat.site import paths
from paraat_wire import metrics

_PACK = ROOT.replace(".", "/")


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


def test_without_line_numbers_the_files_are_smaller(source: Path, tmp_path: Path) -> None:
    (source / "node" / "app.py").write_text("def run(x):\n" + 20 * "    x += 1\n" + "    return x\n")
    sizes = []
    for lean in (False, True):
        compile_tree(source, tmp_path / "built", lean=lean)
        sizes.append((tmp_path / "built" / "node" / "app.mpy").stat().st_size)
    assert sizes[1] <= sizes[0] - 20


def test_a_board_carries_what_always_runs_in_one_file(tmp_path: Path) -> None:
    files = {str(path.relative_to(tmp_path)) for path in compile_board(tmp_path)}
    assert {
        "main.py",
        f"{_PACK}.mpy",
        "node/app.mpy",
        "node/wifi.mpy",
        "node/update.mpy",
        "drivers/a02yyuw.mpy",
    } <= files
    assert not {"node/__init__.mpy", "node/journal.mpy", "node/log.mpy", "paraat_wire/metrics.mpy"} & files


def test_a_board_is_compiled_once_and_always_the_same(tmp_path: Path) -> None:
    first = {path: path.stat().st_mtime_ns for path in compile_board(tmp_path / "one") if path.suffix == ".mpy"}
    assert {path: path.stat().st_mtime_ns for path in compile_board(tmp_path / "one") if path in first} == first
    for path in compile_board(tmp_path / "two"):
        assert path.read_bytes() == (tmp_path / "one" / path.relative_to(tmp_path / "two")).read_bytes()


def test_what_cannot_be_packed_is_a_compile_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "firmware"
    shutil.copytree(paths.firmware_dir(), folder)
    with (folder / f"{_PACK}.py").open("a") as file:
        file.write("\n\ndef late():\n    with lent('node.log') as log:\n        return log\n")
    monkeypatch.setattr(paths, "firmware_dir", lambda: folder)
    with pytest.raises(CompileError, match=rf'{_PACK}\.py:\d+: lent\("node\.log"\): it runs always'):
        compile_board(tmp_path / "built")


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


def test_the_board_does_not_carry_the_hosts_side_of_the_contract() -> None:
    names = {name for name in board_sources() if name.startswith("paraat_wire/")}
    assert names == {
        f"paraat_wire/{stem}.py" for stem in ("__init__", "bundle", "codec", "metrics", "orders", "renewal", "topics")
    }
