"""Types are made ready by one thread at a time: two at once, and msgspec ends the process."""

import ast
import subprocess
import sys
from pathlib import Path

import paraat

PACKAGE = Path(paraat.__file__).parent
HELPER = PACKAGE / "runtime" / "typed.py"
# Types that nobody has read yet, read by four threads at once, of which each has the interpreter for a moment.
THREADS = """
import sys, threading
sys.setswitchinterval(1e-6)
import msgspec
from paraat.runtime.typed import convert, decode
DATA = {{"rows": [{{"name": "a"}}], "by_name": {{}}}}
for _ in range(400):
    class Row(msgspec.Struct):
        name: str
        kind: str = ""
        under: "list[Row]" = []
    class Table(msgspec.Struct):
        rows: tuple[Row, ...] = ()
        by_name: dict[str, Row] = {{}}
    text = msgspec.json.encode(DATA)
    go = threading.Barrier(4)
    def read(n):
        go.wait()
        {read}
    threads = [threading.Thread(target=read, args=(n,)) for n in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def test_four_threads_read_a_type_for_the_first_time() -> None:
    read = "assert (decode(text, Table) if n % 2 else convert(DATA, Table)).rows[0].name == 'a'"
    done = subprocess.run(
        [sys.executable, "-c", THREADS.format(read=read)], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_else_asks_msgspec_for_a_type() -> None:
    found = []
    for path in PACKAGE.rglob("*.py"):
        if path == HELPER or "firmware" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (isinstance(node, ast.ImportFrom) and node.module == "msgspec.json") or (
                isinstance(node, ast.Call) and _of_a_type(node)
            ):
                found.append(f"{path}:{node.lineno}")
    assert not found, f"read it by paraat.runtime.typed: {found}"


def _of_a_type(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name == "msgspec.convert":
        return True
    if not name.startswith("msgspec.") or name.rpartition(".")[2] not in ("decode", "Decoder"):
        return False
    return any(word.arg == "type" for word in call.keywords) or (name.endswith("Decoder") and bool(call.args))
