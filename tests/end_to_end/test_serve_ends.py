"""Whatever the others do that `paraat serve` waits for, it ends when it is told to."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dripping import Silent
from paraat.simulate.servers import LOOPBACK, free_port
from waiting import LIMIT_S, wait_for

PARAAT = str(Path(sys.executable).parent / "paraat")
ENDS_S = 45.0  # of which the most is for a busy machine
POINT = """id = "nsp-0101"
name = "De Linde"
municipality = "Voorbeeldstad"
capacity = 100
[tank]
capacity_l = 400
burn_l_per_h = 9.5
[board]
type = "esp32_devkitc_ve"
"""
SITE = """[site]
region = "Proef"
[broker]
port = {broker}
[web]
port = {web}
[influx]
url = "http://{host}:{influx}"
bucket = "paraat"
timeout_s = 300
[alerts.broker_unreachable]
hold_s = 0
[channels.email]
url_file = "email.url"
[telling]
gather_s = 0
[coordination]
email = "cp@example.org"
[watcher]
url = "http://{host}:{watcher}/ping"
limit_s = 60
"""


@pytest.fixture
def dripping() -> Iterator[dict[str, Silent]]:
    """A broker, a mail server, an InfluxDB and a watcher, none of which ever says a whole word."""
    servers = {
        "broker": Silent(b""),
        "mail": Silent(b"220-wait\r\n"),
        "influx": Silent(b"HTTP/1.1 200 OK\r\nX-Wait: "),
        "watcher": Silent(b"HTTP/1.1 200 OK\r\nX-Wait: "),
    }
    yield servers
    for server in servers.values():
        server.close()


def test_it_ends_while_broker_mail_influxdb_and_watcher_drip(tmp_path: Path, dripping: dict[str, Silent]) -> None:
    ports = {name: server.port for name, server in dripping.items()}
    mail = ports.pop("mail")
    (tmp_path / "points").mkdir()
    (tmp_path / "points" / "nsp-0101.toml").write_text(POINT, encoding="utf-8")
    (tmp_path / "site.toml").write_text(SITE.format(host=LOOPBACK, web=free_port(), **ports), encoding="utf-8")
    (tmp_path / "email.url").write_text(f"mailto://{LOOPBACK}:{mail}?from=p@example.org&mode=insecure&to={{to}}")
    (tmp_path / "email.url").chmod(0o600)
    process = subprocess.Popen([PARAAT, "serve", "--site", str(tmp_path)], stderr=subprocess.PIPE, text=True)
    try:
        for name, server in dripping.items():
            wait_for(lambda server=server: server.asked or process.poll() is not None, name)  # type: ignore[misc]
            assert process.poll() is None, process.stderr
        process.send_signal(signal.SIGINT)
        began_s = time.monotonic()
        _, log = process.communicate(timeout=LIMIT_S)
        assert time.monotonic() - began_s < ENDS_S
        assert process.returncode == 0
        assert "Traceback" not in log
    finally:
        process.kill()
        process.communicate()
