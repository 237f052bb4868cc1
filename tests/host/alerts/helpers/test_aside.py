"""Work in a process of its own: with a limit, an end, and nothing left behind."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from paraat.alerts.helpers.aside import Aside, AsideError, TooLongError
from waiting import LIMIT_S, wait_for

PASSWORD = "hunter2-geheim"
WORKER = """
import os, sys, time
from paraat.alerts.helpers.aside import AsideError, serve

def work(order):
    print("what a library prints is no answer:", order)
    if order["do"] == "echo":
        return {"pid": os.getpid(), "text": order["text"], "arguments": sys.argv}
    if order["do"] == "refuse":
        raise AsideError("the server is away")
    if order["do"] == "break":
        raise ValueError(order["text"])
    if order["do"] == "die":
        os._exit(3)
    if order["do"] == "hang":
        with open(order["file"], "w") as file:
            file.write(str(os.getpid()))
        time.sleep(600)

serve(work)
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "aside_worker.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    made = Aside("aside_worker", idle_s=0.0)
    yield made
    made.close()


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_orders_are_done_by_one_process_and_no_secret_is_among_its_arguments(helper: Aside) -> None:
    first, second = (helper.ask({"do": "echo", "text": PASSWORD}, limit_s=LIMIT_S) for _ in range(2))
    assert first["text"] == PASSWORD
    assert first["pid"] == second["pid"] != os.getpid()
    assert PASSWORD not in str(first["arguments"])
    assert PASSWORD.encode() not in Path(f"/proc/{first['pid']}/cmdline").read_bytes()


def test_what_a_library_prints_is_no_answer_and_is_in_no_log(helper: Aside, capfd: pytest.CaptureFixture[str]) -> None:
    assert helper.ask({"do": "echo", "text": PASSWORD}, limit_s=LIMIT_S)["text"] == PASSWORD
    helper.close()
    assert capfd.readouterr() == ("", "")


def test_what_hangs_is_ended_and_the_next_order_is_done(helper: Aside, tmp_path: Path) -> None:
    helper.ask({"do": "echo", "text": ""}, limit_s=LIMIT_S)  # it has started
    with pytest.raises(TooLongError, match="no answer within 1 s"):
        helper.ask({"do": "hang", "file": str(tmp_path / "pid")}, limit_s=1.0)
    assert not is_there(int((tmp_path / "pid").read_text()))
    assert helper.ask({"do": "echo", "text": "again"}, limit_s=LIMIT_S)["text"] == "again"


def test_many_that_hang_leave_no_thread_and_no_open_file(helper: Aside, tmp_path: Path) -> None:
    def files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before, opened = threading.active_count(), files()
    for _ in range(20):
        with pytest.raises(TooLongError):
            helper.ask({"do": "hang", "file": str(tmp_path / "pid")}, limit_s=0.01)
    assert (threading.active_count(), files()) == (before, opened)


@pytest.mark.parametrize(
    ("do", "said"),
    [
        ("refuse", "the server is away"),
        ("break", "a mistake in its helper: ValueError at work:12"),
        ("die", "its helper process ended with 3"),
    ],
)
def test_what_goes_wrong_is_said_without_what_the_order_held(helper: Aside, do: str, said: str) -> None:
    with pytest.raises(AsideError) as caught:
        helper.ask({"do": do, "text": PASSWORD}, limit_s=LIMIT_S)
    assert str(caught.value) == said
    assert helper.ask({"do": "echo", "text": "again"}, limit_s=LIMIT_S)["text"] == "again"


def test_close_ends_an_order_under_way(helper: Aside, tmp_path: Path) -> None:
    ended: list[AsideError] = []

    def ask() -> None:
        try:
            helper.ask({"do": "hang", "file": str(tmp_path / "pid")}, limit_s=600.0)
        except AsideError as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), "it hangs")
    helper.close()
    thread.join(LIMIT_S)
    assert [str(error) for error in ended] == ["the service stops"]
    assert not is_there(int((tmp_path / "pid").read_text()))
    with pytest.raises(AsideError, match="the service stops"):
        helper.ask({"do": "echo", "text": ""}, limit_s=LIMIT_S)


def test_a_helper_that_has_nothing_to_do_is_let_go(helper: Aside) -> None:
    pid = helper.ask({"do": "echo", "text": ""}, limit_s=LIMIT_S)["pid"]
    wait_for(lambda: helper.rest() or not is_there(pid), "it went")
    assert helper.ask({"do": "echo", "text": ""}, limit_s=LIMIT_S)["pid"] != pid


def test_ctrl_c_is_for_the_host_alone(helper: Aside) -> None:
    pid = helper.ask({"do": "echo", "text": ""}, limit_s=LIMIT_S)["pid"]
    assert os.getpgid(pid) != os.getpgid(0)


def test_a_helper_whose_host_is_gone_ends_itself(helper: Aside) -> None:
    pid = helper.ask({"do": "echo", "text": ""}, limit_s=LIMIT_S)["pid"]
    process = helper._helper
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # as when the host is killed
    assert process.wait(LIMIT_S) == 0
    assert not is_there(pid)


def test_one_that_hangs_while_nobody_can_kill_it_is_ended_by_its_own_alarm(
    helper: Aside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "aside_worker.py").write_text(
        WORKER.replace("serve(work)", "from paraat.alerts.helpers import aside\naside._ALONE_S = 0.5\nserve(work)")
    )
    process = helper._running()
    assert process.stdin is not None
    process.stdin.write(b'{"limit_s": 1.0, "order": {"do": "hang", "file": "%s"}}\n' % os.fsencode(tmp_path / "pid"))
    process.stdin.flush()
    assert process.wait(LIMIT_S) == -signal.SIGALRM


def test_its_alarm_is_set_for_an_order_and_not_while_it_waits_for_one(helper: Aside, tmp_path: Path) -> None:
    """Else it would die between two orders, and a modem's port with it."""
    (tmp_path / "aside_worker.py").write_text(
        "import signal\nfrom paraat.alerts.helpers import aside\nset_to = []\nsignal.alarm = set_to.append\n"
        "aside._ALONE_S = 5.0\naside.serve(lambda _order: {'set_to': list(set_to)})"
    )
    found = [helper.ask({}, limit_s=LIMIT_S)["set_to"] for _ in range(2)]
    assert found == [[LIMIT_S + 5], [LIMIT_S + 5, 0, LIMIT_S + 5]]
