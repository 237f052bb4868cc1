"""`make dashboards-push` against a Grafana that keeps what it is given, as the real one answered when it was tried by hand."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import dashboards
from dashboards import push
from paraat.simulate.servers import free_port

TOKEN = "glsa_right"


class Grafana(ThreadingHTTPServer):
    """Dashboards and folders by uid. version: what it says of itself; refusal: (status, message) of each write."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.boards: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, str] = {}
        self.version = "11.6.0"
        self.refusal: tuple[int, str] | None = None
        self.provisioned = False
        self.writes = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Grafana

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        grafana, uid = self.server, self.path.rpartition("/")[2]
        if self.path == "/api/health":
            self._answer(200, {"database": "ok", "version": grafana.version})
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer(401, {"message": "Invalid API key"})
        elif self.path.startswith("/api/dashboards/uid/") and uid in grafana.boards:
            self._answer(200, {"dashboard": grafana.boards[uid], "meta": {"provisioned": grafana.provisioned}})
        elif self.path.startswith("/api/search?"):
            assert "tag=paraat" in self.path
            self._answer(200, [{"uid": uid} for uid in grafana.boards])
        elif self.path == "/api/folders":
            self._answer(200, [{"uid": uid, "title": title} for uid, title in grafana.folders.items()])
        elif self.path.startswith("/api/dashboards/"):
            self._answer(403, {"message": "You'll need additional permissions: dashboards:read"})
        else:
            self._answer(404, {"message": "Not found"})

    def do_POST(self) -> None:
        grafana = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if grafana.refusal is not None:
            self._answer(grafana.refusal[0], {"message": grafana.refusal[1]})
        elif self.path == "/api/folders":
            grafana.folders[body["uid"]] = body["title"]
            self._answer(200, {"uid": body["uid"]})
        else:
            board = body["dashboard"]
            assert body["folderUid"] in grafana.folders
            assert body["overwrite"] is True
            grafana.writes += 1
            grafana.boards[board["uid"]] = {**board, "id": grafana.writes, "version": 7, "preload": False}
            self._answer(200, {"status": "success", "url": f"/d/{board['uid']}/x"})

    def _answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with Grafana() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(*arguments: str, token: str = TOKEN) -> int:
    return push.main(arguments, {"GRAFANA_TOKEN": token, "PARAAT_LANGUAGE": "en"})


def test_all_are_pushed_once_and_a_second_run_leaves_them_alone(
    grafana: Grafana, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(grafana.url) == 0
    every = {json.loads(text)["uid"] for text in dashboards.files().values()}
    assert set(grafana.boards) == every
    assert grafana.folders == {"paraat": "Paraat"}
    capsys.readouterr()
    assert run(grafana.url) == 0
    assert grafana.writes == len(every)
    assert f"0 pushed, {len(every)} the same already." in capsys.readouterr().out


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    grafana: Grafana, capsys: pytest.CaptureFixture[str]
) -> None:
    run(grafana.url)
    before = grafana.writes
    grafana.boards["paraat-fuel-en"]["panels"][0]["title"] = "by somebody's hand"
    capsys.readouterr()
    assert run(grafana.url, "--dry-run") == 0
    said = capsys.readouterr().out
    assert "Paraat – fuel (paraat-fuel-en): changed" in said
    assert '-   "title": "by somebody\'s hand",' in said
    assert '+   "title": "Fuel runs low",' in said
    assert grafana.writes == before
    assert run(grafana.url) == 0
    assert grafana.writes == before + 1


def test_an_id_within_a_dashboard_is_no_count_of_grafanas(grafana: Grafana) -> None:
    run(grafana.url)
    before = grafana.writes
    grafana.boards["paraat-fuel-en"]["templating"]["list"][1]["id"] = "another"
    assert run(grafana.url) == 0
    assert grafana.writes == before + 1


def test_what_we_no_longer_want_is_taken_away(grafana: Grafana) -> None:
    run(grafana.url)
    before = grafana.writes
    grafana.boards["paraat-fuel-en"]["panels"][0]["options"]["text"] = {"valueSize": 99}
    assert run(grafana.url) == 0
    assert grafana.writes == before + 1


def test_a_folder_that_is_there_is_not_made_again(grafana: Grafana) -> None:
    grafana.folders["paraat"] = "Somebody's own title"
    assert run(grafana.url) == 0
    assert grafana.folders == {"paraat": "Somebody's own title"}


def test_an_older_grafana_is_told_of(grafana: Grafana, capsys: pytest.CaptureFixture[str]) -> None:
    grafana.version = "9.4.0-pre"
    assert run(grafana.url, "--dry-run") == 0
    assert "this is Grafana 9.4.0-pre" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (403, "You need additional permissions: dashboards:create", "may not do that (403: You need additional"),
        (412, "version-mismatch", "Grafana refuses Paraat (412: version-mismatch)"),
        (500, "database is locked", "Grafana refuses Paraat (500: database is locked)"),
    ],
)
def test_what_grafana_refuses_is_said(
    grafana: Grafana, capsys: pytest.CaptureFixture[str], status: int, message: str, said: str
) -> None:
    grafana.refusal = (status, message)
    assert run(grafana.url) == 1
    assert said in capsys.readouterr().err


def test_what_comes_from_a_file_is_not_overwritten(grafana: Grafana, capsys: pytest.CaptureFixture[str]) -> None:
    run(grafana.url)
    grafana.provisioned = True
    assert run(grafana.url) == 0  # the same: nothing to say
    grafana.boards["paraat-fuel-nl"]["title"] = "old"
    assert run(grafana.url) == 1
    assert "is in Grafana from a file" in capsys.readouterr().err


def test_a_wrong_token_is_said(grafana: Grafana, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(grafana.url, token="glsa_wrong") == 1
    assert "does not know this token (401)" in capsys.readouterr().err


def test_where_no_grafana_answers_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert run(url) == 1
    said = capsys.readouterr().err
    assert f"{url} does not answer" in said
    assert "Connection refused" in said


def test_another_server_is_no_grafana(grafana: Grafana, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"{grafana.url}/somewhere") == 1
    assert "answers, but not as Grafana (404)" in capsys.readouterr().err


@pytest.mark.parametrize(("url", "said"), [("", "Say which Grafana"), ("localhost:3000", "is no address of a Grafana")])
def test_an_address_that_is_none(capsys: pytest.CaptureFixture[str], url: str, said: str) -> None:
    assert run(url) == 1
    assert said in capsys.readouterr().err


def test_the_token_comes_from_a_file_that_is_ours_alone(
    grafana: Grafana, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o644)
    assert push.main([grafana.url, "--token-file", str(path)], {}) == 1
    assert f"chmod 600 {path}" in capsys.readouterr().err
    path.chmod(0o600)
    assert push.main([grafana.url, "--token-file", str(path), "--dry-run"], {}) == 0
    assert push.main([grafana.url, "--token-file", str(tmp_path / "none")], {}) == 1
    assert "het token is niet te lezen" in capsys.readouterr().err
    assert push.main([grafana.url], {}) == 1
    assert "Er is geen token" in capsys.readouterr().err
