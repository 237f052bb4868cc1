"""`paraat serve` against the broker of deploy/mosquitto: mutual TLS from the board's side to the host's journal."""

import json
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from paraat.provision.pki.authority import Authority
from paraat.simulate.servers import LOOPBACK, free_port
from paraat_wire import codec, host_codec
from site_broker import PASSPHRASE, BoardClient, SiteBroker, make_site
from waiting import LIMIT_S, wait_for

pytestmark = pytest.mark.usefixtures("english")

PARAAT = str(Path(sys.executable).parent / "paraat")
POINT = "nsp-0101"


@pytest.mark.needs("mosquitto")
def test_a_set_over_mutual_tls_is_stored_and_acknowledged_until_its_board_is_revoked(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    broker = SiteBroker(make_site(tmp_path / "site", now), tmp_path / "broker")
    url = f"http://{LOOPBACK}:{(port := free_port())}"
    settings = "\n".join(
        f'{name} = "{value}"' for name, value in (("ca_file", "pki/ca.crt"), ("cert_file", "pki/host.crt"), ("key_file", "pki/host.key"))
    )  # fmt: skip
    (tmp_path / "site" / "site.toml").write_text(
        f'[site]\nregion = "Proef"\n[broker]\nport = {broker.port}\n{settings}\n[web]\nport = {port}\n'
    )
    authority = Authority.open(tmp_path / "site", PASSPHRASE, now)
    issued = authority.issue_board(POINT, now)
    authority.commit(issued, None, now)
    known = tmp_path / "site" / "pki" / "ca.crt"
    with broker:
        command = [PARAAT, "serve", "--site", str(tmp_path / "site")]
        host = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            wait_for(lambda: is_healthy(url), "the host is healthy")
            board = BoardClient(broker.port, known, issued, tmp_path)
            assert board.is_taken()
            board.subscribe(f"paraat/v1/{POINT}/ack")
            records = codec.encode_records([("fuel/level", 61.2)], [])
            a_set = codec.encode_set(POINT, 1, int(now.timestamp()), records)
            board.say(f"paraat/v1/{POINT}/telemetry", host_codec.encode_pack([a_set]))
            wait_for(lambda: board.heard, "the host's ack")
            assert list(codec.read_ack(board.heard[0][1])) == [(1, 1)]
            board.close()
            authority.revoke(POINT, "stolen", now)
            broker.take_crl()
            assert not BoardClient(broker.port, known, issued, tmp_path).is_taken()
            assert is_healthy(url), "the host stays connected"
        finally:
            host.send_signal(signal.SIGTERM)
            _, log = host.communicate(timeout=LIMIT_S)
    assert host.returncode == 0
    assert "Traceback" not in log


def is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/healthz", timeout=LIMIT_S) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except OSError:
        return False
