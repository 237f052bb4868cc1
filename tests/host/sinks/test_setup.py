"""An InfluxDB is got ready, by the command as a technician calls it: Debian's, with and without passwords, and a 2 at the wire."""

import json
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from influx_2 import Influx2
from influx_at_the_wire import Answered, Asked, AtTheWire
from paraat.cli.main import main
from paraat.domain.model import SampleSet
from paraat.journal import Journal
from paraat.simulate.servers import InfluxServer
from paraat.sinks.influx import SINK
from paraat.site import paths

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    directory = tmp_path / "site"
    (directory / "points").mkdir(parents=True)
    example = paths.example_site_dir()
    for name in ("site.toml", "roster.toml", *(f"points/{path.name}" for path in (example / "points").iterdir())):
        (directory / name).write_bytes((example / name).read_bytes())
    return directory


@pytest.fixture
def call(site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """`paraat influx ...`: the exit code, and all that it said in English."""
    monkeypatch.setenv("PARAAT_LANGUAGE", "en")

    def run(action: str, *options: str) -> tuple[int, str]:
        code = main(["influx", action, "--site", str(site), *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def use(site: Path, url: str, *more: str) -> None:
    plain = (site / "site.toml").read_text(encoding="utf-8").partition("\n[influx]\n")[0]
    lines = "\n".join(["", "[influx]", f'url = "{url}"', *more, ""])
    (site / "site.toml").write_text(plain + lines, encoding="utf-8")


def signs(said: str) -> str:
    """What became of the steps, in short."""
    return "".join(line[2] for line in said.splitlines() if line.startswith("  "))


def secret(site: Path, name: str) -> str:
    path = site / f"{name}.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text(encoding="utf-8").strip()


def test_without_the_table_it_says_which_lines_to_add(call: Call) -> None:
    code, said = call("setup")
    assert code == 2
    assert '[influx]\nurl = "http://127.0.0.1:8086"' in said


# --- Debian's InfluxDB -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    with InfluxServer(tmp_path_factory.mktemp("influx")) as server:
        yield server


@pytest.fixture
def influx(open_server: InfluxServer) -> InfluxServer:
    open_server.query("DROP DATABASE paraat", method="POST")
    return open_server


def policies(influx: InfluxServer) -> dict[str, tuple[str, bool]]:
    rows = influx.query("SHOW RETENTION POLICIES ON paraat")
    return {row["name"]: (row["duration"], row["default"]) for row in rows}


@pytest.mark.needs("influxdb")
def test_a_database_with_two_policies_and_again_nothing(influx: InfluxServer, site: Path, call: Call) -> None:
    use(site, influx.url)
    code, said = call("setup", "--dry-run")
    assert (code, signs(said)) == (0, "??!")
    assert not [row for row in influx.query("SHOW DATABASES") if row["name"] == "paraat"]
    code, said = call("setup")
    assert (code, signs(said)) == (0, "+=+!"), said
    assert "asks for no password" in said
    assert policies(influx) == {"raw": ("720h0m0s", True), "means": ("17520h0m0s", False)}
    code, said = call("setup")
    assert (code, signs(said)) == (0, "===!")
    assert not list(site.glob("*.token"))
    code, said = call("check")
    assert (code, said.count("✓"), said.count("✗")) == (0, 5, 0), said
    assert "there are no rows of points yet" in said


@pytest.mark.needs("influxdb")
def test_what_is_there_is_kept_longer_at_once_and_shorter_only_when_asked(
    influx: InfluxServer, site: Path, call: Call
) -> None:
    influx.query("CREATE DATABASE paraat", method="POST")
    use(site, influx.url)
    code, said = call("setup")
    assert (code, signs(said)) == (0, "=!+!")
    assert "paraat/autogen keeps rows for ever, and not 30 days" in said
    assert policies(influx)["autogen"] == ("0s", True)
    code, said = call("setup", "--shorten")
    assert signs(said) == "=+=!"
    assert policies(influx)["autogen"] == ("720h0m0s", True)
    use(site, influx.url, "raw_days = 60", "means_days = 0")
    code, said = call("setup")
    assert signs(said) == "=++!"
    assert policies(influx) == {"autogen": ("1440h0m0s", True), "means": ("0s", False)}


@pytest.mark.needs("influxdb")
def test_check_says_what_is_missing(influx: InfluxServer, site: Path, call: Call) -> None:
    use(site, influx.url)
    code, said = call("check")
    assert code == 1
    assert "404: database not found" in said
    assert said.count("run `paraat influx setup`") >= 2
    influx.query("CREATE DATABASE paraat", method="POST")
    code, said = call("check")
    assert code == 1
    assert "retention policy not found" in said
    assert "rows can be written to paraat\n" in said


@pytest.mark.needs("influxdb")
def test_a_server_that_asks_for_passwords_gets_its_users(site: Path, tmp_path: Path, call: Call) -> None:
    with InfluxServer(tmp_path / "influx", "auth-enabled = true") as influx:
        use(site, influx.url)
        code, said = call("setup", "--dry-run")
        assert (code, set(signs(said))) == (0, {"?"})
        assert not list(site.glob("*.token"))
        code, said = call("setup")
        assert (code, signs(said)) == (0, "++=+++"), said
        host, grafana = secret(site, "influx"), secret(site, "influx-grafana")
        assert host.startswith("paraat:")
        assert grafana.startswith("paraat-grafana:")
        assert secret(site, "influx-admin").startswith("paraat-admin:")
        assert all(one.partition(":")[2] not in said for one in (host, grafana))
        code, said = call("setup")
        assert (code, signs(said)) == (0, "=====")
        assert secret(site, "influx") == host
        code, said = call("check")
        assert code == 0, said
        # Grafana's may not write; a file that is lost is made anew, and the old password is void.
        (site / "influx.token").write_text(grafana)
        code, said = call("check")
        assert (code, "the token may not do this" in said) == (1, True), said
        code, said = call("setup")
        assert signs(said) == "===+="
        assert secret(site, "influx") != host
        assert call("check")[0] == 0
        (site / "influx-admin.token").unlink()
        code, said = call("setup")
        assert (code, "name it with --admin-file" in said) == (1, True)
        (site / "influx.token").write_text("paraat:fout")
        code, said = call("check")
        assert code == 1
        assert "it does not know the token in influx.token" in said


@pytest.mark.needs("influxdb")
def test_a_period_is_written_again_and_twice_is_once(influx: InfluxServer, site: Path, call: Call) -> None:
    use(site, influx.url)
    call("setup")
    assert "no journal; `paraat serve` makes it" in call("replay", "--from", "2026-01-01")[1]
    now = time.time()
    journal = Journal(site / "journal.sqlite")
    ages_s = (40 * 86400, 7200, 6600, 3600)  # each in five minutes of its own, whenever this runs
    sets = [
        SampleSet(
            point="nsp-0101", kind="telemetry", seq=n, t=now - age_s, received_at=now - age_s,
            values={"fuel/level": 10.0 * n}, faults={},
        )
        for n, age_s in enumerate(ages_s, 1)
    ]  # fmt: skip
    journal.store(sets, [], [])
    bad = b"fuel,point=x level_percent=1i"
    journal.advance(SINK, 4, [(bad, "400: conflict"), (b"fuel,point=y level_percent=2.0", "500: busy")])

    def levels(policy: str) -> list[float]:
        return [
            row["level_percent"]
            for row in influx.query(f"SELECT level_percent FROM {policy}.fuel WHERE point='nsp-0101'", "paraat")
        ]

    for _ in range(2):  # the service has the journal open meanwhile
        code, said = call("replay", "--from", "2020-01-01")
        assert code == 0
        assert "took 3 lines" in said
        assert "1 lines are older than it keeps" in said
        assert levels("raw") == [20.0, 30.0, 40.0]
        assert levels("means") == [10.0, 20.0, 30.0, 40.0]
    code, said = call("replay", "--refused")
    assert code == 1
    assert "took 1 lines" in said
    assert "field type conflict" in said
    code, said = call("check")
    assert (code, "2 lines were refused" in said, "400: conflict" in said) == (1, True, True), said
    journal.close()
    assert call("replay", "--from", "gisteren") == (
        2,
        "paraat: gisteren: no day and no moment such as 2026-11-28T14:00\n",
    )
    assert call("replay")[0] == 2


# --- InfluxDB 2 at the wire ------------------------------------------------------------------


@pytest.fixture
def two() -> Iterator[Influx2]:
    server = Influx2()
    yield server
    server.close()


def test_a_new_influxdb_2_gets_everything_and_again_nothing(two: Influx2, site: Path, call: Call) -> None:
    use(site, two.url)
    code, said = call("setup", "--dry-run")
    assert (code, set(signs(said)), two.changed) == (0, {"?"}, 0)
    code, said = call("setup")
    assert (code, signs(said)) == (0, "+==+++++"), said
    assert {one["name"]: one["retentionRules"][0]["everySeconds"] for one in two.buckets.values()} == {
        "paraat": 30 * 86400, "paraat/means": 730 * 86400,
    }  # fmt: skip
    assert [(one["database"], one["retention_policy"], one["default"]) for one in two.mappings] == [
        ("paraat", "raw", True), ("paraat", "means", False),
    ]  # fmt: skip
    host, grafana = secret(site, "influx"), secret(site, "influx-grafana")
    assert {one["action"] for one in two.tokens[host]["permissions"]} == {"write"}
    assert {one["action"] for one in two.tokens[grafana]["permissions"]} == {"read"}
    changed = two.changed
    code, said = call("setup")
    assert (code, signs(said), two.changed) == (0, "========", changed)
    code, said = call("check")
    assert (code, said.count("✓")) == (0, 5), said


def test_one_that_somebody_set_up_asks_for_an_administrator(
    two: Influx2, site: Path, call: Call, tmp_path: Path
) -> None:
    two.org = "regio"
    two._authorize("admin-token", "", [])
    use(site, two.url, 'org = "regio"')
    code, said = call("setup")
    assert (code, "name it with --admin-file" in said, two.changed) == (1, True, 0)
    file = tmp_path / "admin"
    file.write_text("admin-token\n")
    file.chmod(0o600)
    code, said = call("setup", "--admin-file", str(file))
    assert (code, signs(said)) == (0, "++++++")
    assert not (site / "influx-admin.token").exists(), "it is somebody else's"
    use(site, two.url, 'org = "andere"')
    code, said = call("setup", "--admin-file", str(file))
    assert (code, "no organisation andere" in said) == (1, True)


def test_a_token_that_was_deleted_or_switched_off_is_said_and_replaced(two: Influx2, site: Path, call: Call) -> None:
    use(site, two.url)
    call("setup")
    old = secret(site, "influx")
    two.tokens[old]["status"] = "inactive"
    code, said = call("check")
    assert (code, "it does not know the token in influx.token, or the token has expired" in said) == (1, True)
    code, said = call("setup")
    assert signs(said) == "======+="
    assert old not in two.tokens
    assert call("check")[0] == 0
    del two.tokens[secret(site, "influx-grafana")]
    code, said = call("check")
    assert (code, "Grafana cannot read paraat: " in said, "influx-grafana.token" in said) == (1, True, True)
    assert signs(call("setup")[1]) == "=======+"


def test_a_mapping_that_is_missing_is_said_and_made(two: Influx2, site: Path, call: Call) -> None:
    use(site, two.url)
    call("setup")
    two.mappings = [one for one in two.mappings if one["retention_policy"] != "means"]
    code, said = call("check")
    assert (code, "Grafana cannot read paraat/means: 200: database not found: paraat" in said) == (1, True), said
    assert signs(call("setup")[1]) == "=====+=="
    assert call("check")[0] == 0


def test_rows_are_not_thrown_away_unasked(two: Influx2, site: Path, call: Call) -> None:
    use(site, two.url)
    call("setup")
    for bucket in two.buckets.values():
        bucket["retentionRules"] = []
    code, said = call("setup")
    assert (code, signs(said)) == (0, "=!==!===")
    assert signs(call("setup", "--shorten")[1]) == "=+==+==="
    assert all(one["retentionRules"][0]["everySeconds"] for one in two.buckets.values())


def test_a_token_that_others_may_read_is_refused(two: Influx2, site: Path, call: Call) -> None:
    use(site, two.url)
    call("setup")
    (site / "influx.token").chmod(0o644)
    code, said = call("check")
    assert (code, "chmod 600" in said) == (2, True)


# --- InfluxDB 3, as its source says -----------------------------------------------------------


def test_influxdb_3_gets_two_databases_and_tokens(site: Path, call: Call) -> None:
    """By the source of 3.9.6 (influxdb3_server/src/http.rs); no such server was run."""
    databases: list[dict[str, object]] = []
    tokens = {"": "operator"}

    def answer(asked: Asked) -> Answered:
        json_type = {"Content-Type": "application/json"}
        if asked.path == "/ping":
            return 200, {"X-Influxdb-Version": "3.9.6", "X-Influxdb-Build": "Core"}, b'{"version":"3.9.6"}'
        if asked.path == "/api/v3/configure/token/admin":
            tokens["operator"] = "apiv3_operator"
            return 201, json_type, b'{"token":"apiv3_operator"}'
        if asked.headers.get("Authorization", "").removeprefix("Token ") not in list(tokens.values())[1:]:
            return 401, {}, b'{"error": "the request was not authenticated"}'
        if asked.path == "/api/v3/configure/database":
            if asked.method == "POST":
                databases.append(json.loads(asked.body))
                return 200, {}, b""
            found = [{"iox::database": one["db"]} for one in databases]
            return 200, json_type, json.dumps(found).encode()
        if asked.path == "/api/v3/configure/token/named_admin":
            name = json.loads(asked.body)["token_name"]
            tokens[name] = f"apiv3_{name}"
            return 201, json_type, json.dumps({"token": tokens[name]}).encode()
        return 404, {}, b""

    wire = AtTheWire(answer)
    use(site, wire.url)
    code, said = call("setup", "--dry-run")
    assert (code, set(signs(said)), databases) == (0, {"?"}, [])
    code, said = call("setup")
    assert (code, signs(said)) == (0, "+++++"), said
    assert databases == [
        {"db": "paraat", "retention_period": "30d"}, {"db": "paraat/means", "retention_period": "730d"},
    ]  # fmt: skip
    assert secret(site, "influx") == "apiv3_paraat"
    assert secret(site, "influx-grafana") == "apiv3_paraat-grafana"
    assert signs(call("setup")[1]) == "===="
    wire.close()
