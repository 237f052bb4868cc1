"""The pack does what the modules did. Each case runs packed sources under CPython, which knows the same language."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from paraat.provision.bundle.mpy import board_sources
from paraat.provision.bundle.pack import pack
from paraat.provision.bundle.program import PackError

LENT = """
import sys
class lent:
    def __init__(self, *names):
        self.names = names
    def __enter__(self):
        return __import__(self.names[0], None, None, ("",))
    def __exit__(self, *_):
        for name in self.names:
            sys.modules.pop(name, None)
"""


def packed(root: str = "node.app", **modules: str) -> dict[str, str]:
    """Pack these modules; a name's __ stands for the point between folder and file."""
    sources = {name.replace("__", "/", 1) + ".py": textwrap.dedent(text) for name, text in modules.items()}
    return pack(sources, root)


def run(folder: Path, files: dict[str, str], code: str) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "micropython.py").write_text("def const(value):\n    return value\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_modules_become_one_and_names_that_collide_are_told_apart(tmp_path: Path) -> None:
    files = packed(
        node__one="""
            import time
            _last = 1
            def read(n): return n + _last
            def open(path): return "one " + path
        """,
        node__two="""
            from node import one
            _last = 10
            def read(n):
                return one.read(n) + _last
            def shadow(time):
                read = 5
                return one.read(time) + read
        """,
        node__app="""
            import time
            from node import one, two
            from node.one import open as open_one
            def main():
                f = open(__file__)
                f.close()
                return one.read(1), two.read(1), two.shadow(7), open_one("x"), time is not None
        """,
    )
    assert set(files) == {"node/app.py"}
    assert run(tmp_path, files, "from node import app; print(app.main())") == "(2, 12, 13, 'one x', True)"


def test_constants_are_written_out_and_gone(tmp_path: Path) -> None:
    files = packed(
        node__table="""
            from micropython import const
            NAME, LOW, HIGH = range(3)
            BELOW = const(-1)
            _SHIFTED = const(1 << 4 | 1)
            WORD = "a word"
            ALL = (WORD, LOW)
            def least(row): return row[LOW] - BELOW * _SHIFTED
        """,
        node__app="""
            from node import table
            from node.lent import lent
            from node.table import HIGH, WORD
            def main():
                with lent("node.late") as late:
                    return table.least((0, 5, 6)), HIGH ** table.BELOW, WORD, table.ALL, late.LIMIT, late.twice(4)
        """,
        node__late="""
            from micropython import const
            from node import table
            from node.table import HIGH
            LIMIT = const(7)
            def twice(HIGH_): return HIGH_ * HIGH + table.least((0, 1))
        """,
        node__lent=LENT,
    )
    assert not any(word in text for text in files.values() for word in ("LOW", "HIGH ", "WORD", "_SHIFTED", "LIMIT"))
    assert run(tmp_path, files, "from node import app; print(app.main())") == (
        "(22, 0.5, 'a word', ('a word', 1), 7, 26)"
    )


def test_a_name_that_may_be_reached_in_another_way_stays() -> None:
    files = packed(node__app="LIMIT = 5\nOTHER = 6\ndef main(module):\n    return module.LIMIT, OTHER\n")
    assert "LIMIT = 5" in files["node/app.py"]
    assert "OTHER" not in files["node/app.py"]


def test_modules_outside_find_the_pack_where_the_others_were(tmp_path: Path) -> None:
    files = packed(
        node__flash="""
            class FlashError(Exception): pass
            def read(): raise FlashError("worn")
        """,
        node__app="""
            from node import flash
            from node.lent import lent
            read = 1
            def main():
                from node import late
                with lent("node.seldom") as seldom:
                    return late.tried(), seldom.again(), isinstance(seldom.FlashError("x"), flash.FlashError)
        """,
        node__late="""
            from node import flash
            from node.flash import read
            def tried():
                try:
                    read()
                except flash.FlashError as error:
                    return str(error)
        """,
        node__seldom="""
            from node import late
            from node.flash import FlashError
            def again():
                from node import flash
                try:
                    flash.read()
                except FlashError:
                    return late.tried()
        """,
        node__lent=LENT,
    )
    assert set(files) == {"node/app.py", "node/late.py", "node/seldom.py"}
    assert run(tmp_path, files, "from node import app; print(app.main())") == "('worn', 'worn', True)"


def test_a_starter_loads_the_pack_only_when_it_says_so(tmp_path: Path) -> None:
    files = packed(
        "node.node",
        node__app="""
            import sys
            def main():
                before = "node.node" in sys.modules
                from node.node import Node
                return before, Node().run()
        """,
        node__node="from node.log import log\nclass Node:\n    def run(self):\n        return log()\n",
        node__log="def log():\n    return 'logged'\n",
        node____init__="VERSION = '1'\n",
    )
    assert set(files) == {"node/app.py", "node/node.py"}
    assert run(tmp_path, files, "from node import app; print(app.main())") == "(False, 'logged')"


def test_a_packed_driver_is_still_found_by_its_name(tmp_path: Path) -> None:
    files = packed(
        node__app="from drivers import SensorError\nfrom drivers.button import Button\ndef main(): return Button().on\n",
        drivers____init__="class SensorError(Exception): pass\ndef named(): return 'named'\n",
        drivers__button="""
            from drivers import named
            KEYS = {"pin": "pin"}
            class Button:
                on = named()
            def setup(): return Button()
        """,
        drivers__chip="from drivers import SensorError, named\ndef setup(): return named()\n",
    )
    code = (
        "from node import app; b, c = [__import__('drivers.' + n, None, None, ('setup',)) for n in ('button', 'chip')];"
        "print(b.KEYS, b.setup().on, c.setup(), b.Button is app.Button)"
    )
    assert run(tmp_path, files, code) == "{'pin': 'pin'} named named True"


def test_what_nothing_uses_is_left_out_and_what_something_else_may_find_is_not(tmp_path: Path) -> None:
    files = packed(
        node__tools="""
            _TABLE = (1, 2)
            ALL = {"a": _TABLE}
            noted = []
            def first(): return second() + _TABLE[0]
            def second(): return first()
            def used(): return _needed()
            def _needed(): return 3
            def looked_up(): return 4
            noted.append(sorted((2, 1)))
        """,
        node__app="""
            from node import tools
            def main(found):
                return tools.used(), tools.noted, getattr(found, "looked_up")()
            def for_the_console():
                return 5
        """,
    )
    assert not any(word in files["node/app.py"] for word in ("_TABLE", "ALL", "first", "second"))
    code = "from node import app; print(app.main(app), app.for_the_console())"
    assert run(tmp_path, files, code) == "(3, [[1, 2]], 4) 5"


def test_texts_for_readers_are_left_out_and_what_stays_empty_holds(tmp_path: Path) -> None:
    files = packed(
        node__app='''
            """What it is."""
            class NothingError(Exception):
                """Raised."""
            def main():
                """Does."""
            def late():
                from node.log import log
        ''',
        node__log="def log(): pass\n",
    )
    assert "Raised" not in files["node/app.py"]
    assert run(tmp_path, files, "from node import app; print(app.main(), app.NothingError())") == "None"


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("from node import log\ndef main(): return [log]", r"node/app\.py:2: node\.log is packed and no module"),
        ("from node import log\nlog.quiet = 1", r"node/app\.py:2: log\.quiet: set it in its own module"),
        ("from node import log\nlog.lgo()", r"node/app\.py:2: log\.lgo: node\.log has no lgo"),
        ("from node.log import lgo\nlgo()", r"node/app\.py:1: from node\.log import lgo: there is no lgo"),
        ("from node.log import *", r"node/app\.py:1: from node\.log import \*: name what is needed"),
        ("import node.log", r"node/app\.py:1: import node\.log: write"),
        ("from node import other", r"node/app\.py: imports in a circle: node\.app -> node\.other -> node\.app"),
        ("def main(:", r"node/app\.py:1: "),
        (
            "from node import log\nfrom node.lent import lent\ndef main():\n    with lent('node.log') as l: return l.log()",
            r'node/app\.py:4: lent\("node\.log"\): it runs always',
        ),
        (
            "from node.lent import lent\ndef main():\n    with lent('node.gone') as l: return l.x",
            r"node/app\.py:3: lent\('node\.gone'\): there is no such module",
        ),
    ],
)
def test_what_the_syntax_does_not_tell_is_named_with_its_place(app: str, said: str) -> None:
    with pytest.raises(PackError, match=said):
        packed(
            node__app=app,
            node__log="quiet = []\ndef log(): return quiet\n",
            node__other="from node import app\n",
            node__lent=LENT,
        )


def test_the_firmware_leaves_no_name_without_an_owner(tmp_path: Path) -> None:
    """Ruff finds a name that is used and bound nowhere."""
    for name, text in pack(board_sources()).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    ruff = Path(sys.executable).parent / "ruff"
    found = subprocess.run(
        [ruff, "check", "--isolated", "--select", "F811,F821", tmp_path], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout
