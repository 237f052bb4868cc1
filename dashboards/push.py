"""Brings the dashboards to a Grafana over its API: `make dashboards-push GRAFANA_URL=http://127.0.0.1:3000`.

What stands there already is left alone, so it may run again and again. With DRY=1 it only says what would change.
"""

import argparse
import difflib
import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from grafana_client import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException, GrafanaUnauthorizedError, TokenAuth
from requests.exceptions import RequestException

import dashboards
from dashboards.frame import CONTEXT
from paraat.texts import Words, languages

FOLDER_UID, FOLDER_TITLE, TAG = "paraat", "Paraat", "paraat"
TIMEOUT_S = 15.0
OLDEST = 10  # of Grafana's versions that the dashboards are made for
_DIFF_LINES = 40  # of each dashboard that are shown
# Grafana's own count, which it gives anew each time.
_ITS_OWN = ("id", "version", "schemaVersion", "iteration")

Json = dict[str, Any]


class PushError(Exception):
    """Raised when nothing (further) can be pushed; str() says what is wrong and what to do."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="dashboards-push", description=__doc__)
    parser.add_argument("url", nargs="?", default="")
    parser.add_argument("--token-file", type=Path)
    parser.add_argument("--dry-run", action="store_true")
    asked = parser.parse_args(arguments)
    language = environment.get("PARAAT_LANGUAGE") or languages()[0]
    words = Words(language if language in languages() else languages()[0], CONTEXT)
    try:
        token = _token(words, asked.token_file, environment)
        Push(words, asked.url, token).run(dry=asked.dry_run)
    except PushError as error:
        print(f"dashboards-push: {error}", file=sys.stderr)
        return 1
    return 0


def _token(words: Words, path: Path | None, environment: Mapping[str, str]) -> str:
    if path is None:
        if token := environment.get("GRAFANA_TOKEN", "").strip():
            return token
        raise PushError(words("push.no-token"))
    try:
        if path.stat().st_mode & 0o077:
            raise PushError(words("push.token-open", path=path))
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise PushError(words("push.token-unread", path=path, why=_short(error))) from error


class Push:
    """One run against one Grafana. Raises PushError for an address that is none."""

    def __init__(self, words: Words, url: str, token: str) -> None:
        if not url:
            raise PushError(words("push.no-url"))
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PushError(words("push.bad-url", url=url))
        self._words, self._url = words, url.rstrip("/")
        self._api: Any = GrafanaApi.from_url(self._url, credential=TokenAuth(token), timeout=TIMEOUT_S)

    def run(self, *, dry: bool) -> None:
        """Push what is new or other, all dashboards in all languages. Raises PushError."""
        self._greet()
        wanted: list[Json] = [json.loads(text) for text in dashboards.files().values()]
        # Asked for by its uid, one that is not there is forbidden to an editor, and not absent (seen with 9.4).
        there = {one["uid"] for one in self._ask("", lambda: self._api.search.search_dashboards(tag=TAG, limit=5000))}
        changed = [board for board in wanted if self._differs(board, there)]
        if dry:
            print(self._words("push.dry", n=len(changed)))
            return
        if changed:
            self._make_folder()
        for board in changed:
            self._send(board)
        print(self._words("push.done", pushed=len(changed), same=len(wanted) - len(changed)))

    def _greet(self) -> None:
        """Whether a Grafana answers there, and which."""
        health = self._ask("", lambda: self._api.health.check())
        version = str(health.get("version", "")) if isinstance(health, dict) else ""
        major = version.partition(".")[0]
        if not major.isdigit():
            raise PushError(self._words("push.not-grafana", url=self._url, why=_short(health)))
        if int(major) < OLDEST:
            print(self._words("push.old-grafana", version=version))

    def _differs(self, board: Json, there: Collection[str]) -> bool:
        """Whether a dashboard is not there as we want it; says so, with what is other. there: the uids that Grafana has."""
        if board["uid"] not in there:
            print(self._words("push.new", title=_named(board)))
            return True
        found = self._ask(board["title"], lambda: self._api.dashboard.get_dashboard(board["uid"]))
        have: Json = found["dashboard"]
        if _holds(have, board):
            print(self._words("push.same", title=_named(board)))
            return False
        if found.get("meta", {}).get("provisioned"):
            raise PushError(self._words("push.provisioned", title=_named(board)))
        print(self._words("push.changed", title=_named(board)))
        _show_difference(have, board)
        return True

    def _make_folder(self) -> None:
        folders = self._ask(FOLDER_TITLE, lambda: self._api.folder.get_all_folders())
        if all(folder["uid"] != FOLDER_UID for folder in folders):
            self._ask(FOLDER_TITLE, lambda: self._api.folder.create_folder(FOLDER_TITLE, uid=FOLDER_UID))

    def _send(self, board: Json) -> None:
        body = {"dashboard": {**board, "id": None}, "folderUid": FOLDER_UID, "overwrite": True}
        answer = self._ask(board["title"], lambda: self._api.dashboard.update_dashboard(body))
        print(self._words("push.pushed", title=_named(board), url=f"{self._url}{_path(answer)}"))

    def _ask(self, title: str, request: Any) -> Any:
        """What Grafana answers. title: of what is asked for; "": of Grafana itself. Raises PushError."""
        words = self._words
        try:
            return request()
        except GrafanaUnauthorizedError as error:
            raise PushError(words("push.refused-401")) from error
        except GrafanaClientError as error:
            if error.status_code == 403:
                raise PushError(words("push.refused-403", why=_said(error))) from error
            if not title:
                raise PushError(words("push.not-grafana", url=self._url, why=error.status_code)) from error
            raise PushError(words("push.refused", title=title, status=error.status_code, why=_said(error))) from error
        except GrafanaException as error:
            raise PushError(
                words("push.refused", title=title or self._url, status=error.status_code, why=_said(error))
            ) from error
        except (RequestException, OSError) as error:
            raise PushError(words("push.away", url=self._url, why=_reason(error))) from error


def _holds(have: Json, wanted: Json) -> bool:
    """Whether all that we want stands there; what Grafana adds to a dashboard by itself makes no difference."""
    return all(have.get(key) == value for key, value in _ours(wanted).items())


def _show_difference(have: Json, wanted: Json) -> None:
    before, after = (json.dumps(_ours(board), indent=1, sort_keys=True).splitlines() for board in (have, wanted))
    lines = list(difflib.unified_diff(before, after, "Grafana", "Paraat", lineterm="", n=1))
    for line in lines[:_DIFF_LINES]:
        print(f"    {line}")
    if len(lines) > _DIFF_LINES:
        print(f"    ... {len(lines) - _DIFF_LINES}")


def _ours(board: Json) -> Json:
    """Without what Grafana counts for itself."""
    return {key: value for key, value in board.items() if key not in _ITS_OWN}


def _named(board: Json) -> str:
    return f"{board['title']} ({board['uid']})"


def _path(answer: Any) -> str:
    return str(answer.get("url", "")) if isinstance(answer, dict) else ""


def _said(error: GrafanaException) -> str:
    answer = error.response
    return _short(answer.get("message", answer) if isinstance(answer, dict) else answer)


def _reason(error: Exception) -> str:
    """The innermost of what requests wraps."""
    inner: Any = error
    while (args := getattr(inner, "args", ())) and isinstance(args[0], Exception):
        inner = args[0]
    return _short(getattr(inner, "reason", None) or inner)


def _short(what: object) -> str:
    return " ".join(str(what).split())[:200]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
