"""Ports that stay ours, and a server that is not taken for another one."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from paraat.simulate.servers import LOOPBACK, EmbeddedBroker, ServerError, accepts, free_port
from waiting import LIMIT_S


@pytest.mark.skipif(sys.platform != "linux", reason="how a port is given out is the kernel's affair")
def test_a_port_that_was_given_out_is_not_given_again() -> None:
    port = free_port()
    assert not accepts(port)
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert low <= port <= high, "so it is one of those that the kernel gives out"
    others = [socket.socket() for _ in range(300)]
    try:
        for other in others:
            other.bind((LOOPBACK, 0))
        assert port not in {other.getsockname()[1] for other in others}
        with socket.socket() as another, pytest.raises(OSError, match="in use"):
            another.bind((LOOPBACK, port))
    finally:
        for other in others:
            other.close()


def test_a_broker_comes_back_on_the_port_that_was_kept(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker") as broker:
        for _ in range(2):
            assert accepts(broker.port)
            broker.kill()
            assert not accepts(broker.port)
            broker.start()


def test_somebody_else_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServerError, match=f"embedded on port {port}: somebody else listens there"):
            EmbeddedBroker(tmp_path / "broker", port).start()


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel for a signal that only Linux has")
def test_a_child_whose_parent_ended_before_it_could_ask_ends_too() -> None:
    code = """
import os
from paraat.simulate.servers import die_with_parent
ask, parent = die_with_parent(), os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        pass
    ask()
    print("lives on", flush=True)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LIMIT_S)
    assert (done.stdout, done.stderr) == ("", "")
