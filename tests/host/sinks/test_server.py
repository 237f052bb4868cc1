"""Which InfluxDB listens there is found by asking; a wrong guess is never reported as a missing bucket."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dripping import Silent
from influx_at_the_wire import NO_INFLUX, VERSION_2, Answered, Asked, AtTheWire
from paraat.domain.model import Derived
from paraat.journal import Journal
from paraat.runtime.counters import Counters
from paraat.simulate.servers import InfluxServer
from paraat.sinks.influx import SINK, InfluxSink
from paraat.sinks.server import Http, InfluxError, Kind, Server, Target, identify
from paraat.site.influx import InfluxSettings
from waiting import LIMIT_S, wait_for

HEALTH = b'{"name":"influxdb","message":"ready","status":"pass","checks":[],"version":"1.8.10"}'


def asking(ping: Answered, health: Answered = (404, NO_INFLUX, b"404 page not found\n")) -> AtTheWire:
    return AtTheWire(lambda asked: ping if asked.path == "/ping" else health)


@pytest.mark.parametrize(
    ("ping", "health", "kind", "version"),
    [
        ((204, {"X-Influxdb-Version": "1.6.7~rc0"}, b""), None, Kind.V1, "1.6.7~rc0"),
        ((204, {"X-Influxdb-Version": "1.8.10"}, b""), None, Kind.V1, "1.8.10"),
        ((204, VERSION_2, b""), None, Kind.V2, "2.7.11"),
        ((200, NO_INFLUX, b'{"version":"3.9.6","revision":"1","process_id":"p"}'), None, Kind.V3, "3.9.6"),
        ((204, NO_INFLUX, b""), (200, NO_INFLUX, HEALTH), Kind.V1, "1.8.10"),
    ],
    ids=["1.6.7", "1.8", "2", "3", "behind a proxy that takes headers away"],
)
def test_it_says_itself_what_it_is(ping: Answered, health: Answered | None, kind: Kind, version: str) -> None:
    wire = asking(ping, *(() if health is None else (health,)))
    link = Http(wire.url, 60)
    assert identify(link, "token") == (kind, version)
    link.close()
    wire.close()


WRONG: dict[str, tuple[Answered, str]] = {
    "TLS": ((400, NO_INFLUX, b"Client sent an HTTP request to an HTTPS server.\n"), "write https:// in influx.url"),
    "nginx with TLS": ((400, NO_INFLUX, b"<title>400 The plain HTTP request was sent to HTTPS port"), "write https://"),
    "another server": ((404, NO_INFLUX, b"404 page not found"), "is no InfluxDB: /ping answers 404"),
    "a page": ((200, NO_INFLUX, b"<html>Welkom</html>"), "is no InfluxDB: /ping answers 200"),
    "a proxy that wants a password": ((401, NO_INFLUX, b""), "set influx.token_file"),
    "a newer one": ((204, {"X-Influxdb-Version": "4.0.0"}, b""), "version 4.0.0, which Paraat does not know"),
}


@pytest.mark.parametrize(("ping", "said"), WRONG.values(), ids=WRONG)
def test_what_is_no_influxdb_is_said_and_never_a_bucket_asked_for(ping: Answered, said: str) -> None:
    wire = asking(ping)
    link = Http(wire.url, 60)
    with pytest.raises(InfluxError) as found:
        identify(link, "token")
    assert said in found.value.said
    assert wire.url in found.value.said
    assert "bucket" not in found.value.said
    assert "waiting" not in found.value.said
    link.close()
    wire.close()


def test_nobody_there() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        link = Http(f"http://127.0.0.1:{held.getsockname()[1]}", 60)
        with pytest.raises(InfluxError, match="does not answer"):
            identify(link)


def test_a_connection_that_the_server_let_go_of_is_made_anew() -> None:
    """As InfluxDB does when it is started again between two writes."""
    served: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(2):  # each connection answers once, and says that it is kept open
                connection, _ = listening.accept()
                with connection:
                    served.append(connection.recv(4096))
                    connection.sendall(b"HTTP/1.1 204 No Content\r\nX-Influxdb-Version: 1.8.10\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        link = Http(f"http://127.0.0.1:{listening.getsockname()[1]}", 60)
        assert identify(link).kind is Kind.V1
        assert identify(link).kind is Kind.V1
        thread.join()
        link.close()
    assert len(served) == 2


def test_each_kind_is_written_to_in_its_own_way() -> None:
    asked: list[Asked] = []

    def answer(one: Asked) -> Answered:
        asked.append(one)
        return 204, VERSION_2, b""

    wire = AtTheWire(answer)
    link = Http(wire.url + "/influx/", 60)  # behind a proxy, under a path
    for kind, token in ((Kind.V1, "paraat:geheim"), (Kind.V2, "tok"), (Kind.V3, "tok"), (Kind.V1, "")):
        server = Server(link, (kind, "x"), token=token, org="regio")  # type: ignore[arg-type]
        for target in (Target.raw("paraat"), Target.means("paraat")):
            server.write(target, [b"a n=1i", b"b n=2i"])
    said = [(one.path, one.params, one.headers.get("Authorization")) for one in asked]
    basic = "Basic cGFyYWF0OmdlaGVpbQ=="
    one, two = "/influx/write", "/influx/api/v2/write"
    raw, means = {"bucket": "paraat", "org": "regio"}, {"bucket": "paraat/means", "org": "regio"}
    ns = {"precision": "ns"}
    assert said == [
        (one, {"db": "paraat"} | ns, basic),
        (one, {"db": "paraat", "rp": "means"} | ns, basic),
        *[(two, where | ns, "Token tok") for _ in (2, 3) for where in (raw, means)],
        (one, {"db": "paraat"} | ns, None),
        (one, {"db": "paraat", "rp": "means"} | ns, None),
    ]
    assert {one.body for one in asked} == {b"a n=1i\nb n=2i"}
    link.close()
    wire.close()


def test_a_bucket_with_a_policy_is_that_policy_of_influxdb_1() -> None:
    assert Target.raw("paraat/kort") == ("paraat", "kort", "paraat/kort")
    assert Target.means("paraat/kort") == ("paraat", "means", "paraat/means")


# --- TLS, with Debian's InfluxDB -------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key behind it."""
    path = tmp_path_factory.mktemp("tls") / "influx.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=influx -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    with path.open("ab") as file:
        file.write(Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture(scope="module")
def secure(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    http = f'https-enabled = true\nhttps-certificate = "{certificate}"'
    with InfluxServer(tmp_path_factory.mktemp("influx"), http, "https") as server:
        yield server


@pytest.mark.needs("influxdb")
@pytest.mark.needs("openssl")
def test_http_to_an_influxdb_that_speaks_https_is_said(secure: InfluxServer) -> None:
    link = Http(secure.url.replace("https", "http"), 60)
    with pytest.raises(InfluxError, match=r"write https:// in influx\.url"):
        identify(link)


@pytest.mark.needs("influxdb")
@pytest.mark.needs("openssl")
def test_no_row_is_lost_to_an_influxdb_that_speaks_https(
    secure: InfluxServer, certificate: Path, tmp_path: Path
) -> None:
    """It answered 400 to every line, and each was taken for refused."""
    plain = secure.url.replace("https", "http")
    journal = Journal(tmp_path / "journal.sqlite")
    journal.store_derived([Derived(point="nsp-0101", t=time.time(), values={"point/verdict": 2})])
    sink = InfluxSink(InfluxSettings(url=plain), "", journal, Counters(), threading.Event())
    with pytest.raises(InfluxError, match=r"write https:// in influx\.url"):
        sink.step()
    assert "write https://" in sink.problem
    assert (journal.backlog(SINK), journal.refused_count(SINK)) == (1, 0)
    sink.close()
    ca_file = Path(f"{certificate}.crt")
    link = Http(secure.url, 60, ca_file)
    Server(link, identify(link)).query('CREATE DATABASE "paraat"', "")
    mended = InfluxSink(InfluxSettings(url=secure.url), "", journal, Counters(), threading.Event(), ca_file=ca_file)
    mended.step()
    assert Server(link, identify(link)).query('SELECT "verdict" FROM "point"', "paraat")[0]["verdict"] == 2
    mended.close()
    link.close()
    journal.close()


@pytest.mark.needs("influxdb")
@pytest.mark.needs("openssl")
def test_https_with_the_ca_that_the_site_names(secure: InfluxServer, certificate: Path) -> None:
    link = Http(secure.url, 60, Path(f"{certificate}.crt"))
    server = Server(link, identify(link))
    assert server.kind is Kind.V1
    server.query('CREATE DATABASE "paraat"', "")
    server.write(Target.raw("paraat"), [b"probe n=1i 1000000000"])
    assert server.query("SELECT n FROM probe", "paraat") == [{"time": 1, "n": 1}]
    link.close()


@pytest.mark.needs("influxdb")
@pytest.mark.needs("openssl")
def test_a_certificate_that_nobody_vouches_for_is_said(secure: InfluxServer, tmp_path: Path) -> None:
    link = Http(secure.url, 60)
    with pytest.raises(InfluxError, match=r"name its CA in influx\.ca_file"):
        identify(link)
    with pytest.raises(InfluxError, match="give the certificate of the CA, in PEM"):
        Http(secure.url, 60, tmp_path / "none.crt")
    (tmp_path / "empty.crt").write_text("nothing")
    with pytest.raises((InfluxError, ssl.SSLError), match="give the certificate of the CA, in PEM"):
        Http(secure.url, 60, tmp_path / "empty.crt")


def test_https_to_a_server_that_speaks_http_is_said() -> None:
    wire = asking((204, VERSION_2, b""))
    link = Http(wire.url.replace("http", "https"), 60)
    with pytest.raises(InfluxError, match=r"does not speak TLS .* is http:// meant"):
        identify(link)
    wire.close()


@pytest.mark.parametrize(
    "drip", [b"HTTP/1.1 204 No Content\r\nX-A: ", b"HTTP/1.1 200 OK\r\n\r\n", b""], ids=["a head", "a body", "silence"]
)
def test_a_server_that_drips_has_a_limit(drip: bytes) -> None:
    held = Silent(drip)
    link = Http(f"http://127.0.0.1:{held.port}", 1.0)
    began_s = time.monotonic()
    with pytest.raises(InfluxError, match="timed out"):
        link.ask("GET", "/ping")
    assert time.monotonic() - began_s < LIMIT_S / 2
    link.close()
    held.close()


def test_who_wants_to_end_does_not_wait_for_the_limit() -> None:
    held = Silent(b"HTTP/1.1 200 OK\r\nX-A: ")
    link = Http(f"http://127.0.0.1:{held.port}", 10 * LIMIT_S)
    said: list[str] = []

    def ask() -> None:
        with pytest.raises(InfluxError) as found:
            link.ask("GET", "/ping")
        said.append(found.value.said)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(lambda: held.asked)
    link.hurry(0.0)
    asking.join(LIMIT_S)
    assert "timed out" in said[0]
    link.close()
    held.close()
