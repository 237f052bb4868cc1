"""Gets an InfluxDB ready for a site: where rows go, how long they are kept, and who may write and read. Safe to run again.

    1.x      a database with two retention policies, and two users where it asks for passwords
    2.x      two buckets, their mapping for InfluxQL, and two tokens; a new server gets its first user too
    3 Core   two databases, and two tokens where it asks for one (both may everything: it has no other)

What is there already stays; nothing is thrown away: a shorter time to keep rows is only set when that is asked for.
"""

import http
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from paraat.sinks.server import MEANS, Answer, Found, Http, InfluxError, Kind, RefusedError, Server, Target
from paraat.site.files import write_atomic
from paraat.site.private import read_secret
from paraat.site.site import Site
from paraat.texts import Phrase

ADMIN_FILE = "influx-admin.token"
GRAFANA_FILE = "influx-grafana.token"
_RAW_POLICY = "raw"
_HOST_USER, _GRAFANA_USER, _ADMIN_USER = "paraat", "paraat-grafana", "paraat-admin"
_DAY_S = 86400
_DURATION = re.compile(r"(\d+)(w|d|h|m|s)")
_UNITS_S = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


class Step(NamedTuple):
    """One thing that setup sees to. state: "there" already, "made", "to-do" (of a dry run), or "note": for the operator."""

    state: str
    said: Phrase


class Files:
    """The secret files of a site's InfluxDB, in its folder."""

    def __init__(self, site: Site) -> None:
        assert site.influx is not None
        self.host = site.path(site.influx.token_file)
        self.grafana = site.path(GRAFANA_FILE)
        self.admin = site.path(ADMIN_FILE)

    @staticmethod
    def read(path: Path) -> str:
        """The secret in a file, "" where there is none. Raises SettingsError for one that others may read."""
        return read_secret(path, "") if path.exists() else ""


class Setup:
    """One run. Every step is asked of the server first, and done only when it is not so."""

    def __init__(self, site: Site, link: Http, found: Found, *, admin: str, dry_run: bool, shorten: bool) -> None:
        """admin: credentials of an administrator, "" for those of a run before, or none. shorten: whether rows may be thrown
        away because they are kept longer than the site says.
        """
        assert site.influx is not None
        self._settings = site.influx
        self._region = site.region.region
        self._files = Files(site)
        self._link = link
        self._found = found
        self._admin = admin
        self._dry_run = dry_run
        self._shorten = shorten
        self._raw, self._means = Target.raw(self._settings.bucket), Target.means(self._settings.bucket)

    def run(self) -> Iterator[Step]:
        """Every step as it is done. Raises InfluxError, OSError, SettingsError."""
        kinds: Mapping[Kind, Callable[[], Iterator[Step]]] = {Kind.V1: self._v1, Kind.V2: self._v2, Kind.V3: self._v3}
        yield from kinds[self._found.kind]()

    # --- what all kinds share ------------------------------------------------------------------

    def _server(self, token: str) -> Server:
        return Server(self._link, self._found, token=token, org=self._settings.org, token_file=ADMIN_FILE)

    def _step(self, there: bool, said: Phrase, do: Callable[[], object]) -> Step:
        if there:
            return Step("there", said)
        if self._dry_run:
            return Step("to-do", said)
        do()
        return Step("made", said)

    def _credentials(self) -> str:
        return self._admin or self._files.read(self._files.admin)

    def _keep(self, path: Path, secret: str) -> None:
        write_atomic(path, secret.encode() + b"\n", mode=0o600)

    def _retention(self, name: str, days: int, kept_s: int, change: Callable[[], object]) -> Step:
        """That rows are kept so long. kept_s: as it is, 0 for ever."""
        wanted_s = days * _DAY_S
        if wanted_s and (not kept_s or kept_s > wanted_s) and not self._shorten:
            now = Phrase("{n} days", n=kept_s // _DAY_S) if kept_s else Phrase("for ever")
            return Step(
                "note",
                Phrase(
                    "{name} keeps rows {now}, and not {n} days as the site says; what is older would be thrown away: "
                    "`paraat influx setup --shorten` does so",
                    name=name,
                    now=now,
                    n=days,
                ),
            )
        said = (
            Phrase("{name} keeps rows {n} days", name=name, n=days)
            if days
            else Phrase("{name} keeps rows for ever", name=name)
        )
        return self._step(kept_s == wanted_s, said, change)

    def _no_password(self) -> Step:
        return Step(
            "note",
            Phrase(
                "InfluxDB asks for no password: whoever reaches {url} may read and write. Let it listen on 127.0.0.1 only, "
                "or have it ask for passwords and run this again",
                url=self._link.url,
            ),
        )

    # --- InfluxDB 1 ----------------------------------------------------------------------------

    def _v1(self) -> Iterator[Step]:
        guarded = self._v1_is_guarded()
        if guarded:
            yield from self._v1_first_admin()
        if guarded and not self._is_new and not self._credentials():
            raise InfluxError(
                "admin",
                Phrase(
                    "InfluxDB {version} at {url} was set up by somebody else: put an administrator, <name>:<password>, into a "
                    "file of mode 0600 and name it with --admin-file",
                    version=self._found.version,
                    url=self._link.url,
                ),
            )
        server = self._server(self._credentials() if guarded else "")
        database = self._raw.database
        known = {row["name"] for row in server.query("SHOW DATABASES", "")} if not self._is_new else set()
        said = Phrase("the database {name}", name=database)
        policy = self._raw.policy or _RAW_POLICY
        made = f"CREATE DATABASE {_quoted(database)} WITH DURATION {_v1_days(self._settings.raw_days)} NAME {_quoted(policy)}"
        yield self._step(database in known, said, lambda: server.query(made, ""))
        yield from self._v1_policies(server, database in known)
        if not guarded:
            yield self._no_password()
            return
        for user, right, path, what in (
            (_HOST_USER, "ALL", self._files.host, Phrase("the user {name}, who writes", name=_HOST_USER)),
            (_GRAFANA_USER, "READ", self._files.grafana, Phrase("the user {name}, who reads", name=_GRAFANA_USER)),
        ):
            yield self._v1_user(server, user, right, path, what)

    _is_new = False  # of a dry run: nobody may ask the server anything yet

    def _v1_is_guarded(self) -> bool:
        try:
            self._server("").query("SHOW DATABASES", "")
        except (InfluxError, RefusedError):
            return True
        return False

    def _v1_first_admin(self) -> Iterator[Step]:
        """A server that asks for passwords and has no user yet takes the first one from anybody."""
        answer = self._link.ask("GET", "/query", {"q": "SHOW DATABASES"}, headers=self._server("").headers)
        if "create admin user first" not in answer.message:
            return
        password = secrets.token_urlsafe(24)
        statement = f"CREATE USER {_quoted(_ADMIN_USER)} WITH PASSWORD '{password}' WITH ALL PRIVILEGES"

        def make() -> None:
            self._keep(self._files.admin, f"{_ADMIN_USER}:{password}")
            self._server("").query(statement, "")

        self._is_new = self._dry_run
        yield self._step(
            False, Phrase("its first user {name}, in {file}", name=_ADMIN_USER, file=self._files.admin), make
        )

    def _v1_policies(self, server: Server, there: bool) -> Iterator[Step]:
        database, days = _quoted(self._raw.database), self._settings.raw_days
        rows = server.query(f"SHOW RETENTION POLICIES ON {database}", "") if there or not self._dry_run else []
        policies = {row["name"]: _seconds(row["duration"]) for row in rows}
        default = next((row["name"] for row in rows if row["default"]), _RAW_POLICY)
        policy = self._raw.policy or default
        if policy in policies:
            change = f"ALTER RETENTION POLICY {_quoted(policy)} ON {database} DURATION {_v1_days(days)}"
            yield self._retention(
                f"{self._raw.database}/{policy}", days, policies[policy], lambda: server.query(change, "")
            )
        elif there:
            make = f"CREATE RETENTION POLICY {_quoted(policy)} ON {database} DURATION {_v1_days(days)} REPLICATION 1"
            yield self._step(False, Phrase("the retention policy {name}", name=policy), lambda: server.query(make, ""))
        days = self._settings.means_days
        if MEANS in policies:
            change_means = f"ALTER RETENTION POLICY {_quoted(MEANS)} ON {database} DURATION {_v1_days(days)}"
            yield self._retention(
                f"{self._raw.database}/{MEANS}", days, policies[MEANS], lambda: server.query(change_means, "")
            )
        else:
            made = f"CREATE RETENTION POLICY {_quoted(MEANS)} ON {database} DURATION {_v1_days(days)} REPLICATION 1"
            said = Phrase("the retention policy {name}, for the means of five minutes", name=MEANS)
            yield self._step(False, said, lambda: server.query(made, ""))

    def _v1_user(self, server: Server, user: str, right: str, path: Path, what: Phrase) -> Step:
        kept = self._files.read(path)
        said = Phrase("{what}, in {file}", what=what, file=path)
        if kept.startswith(f"{user}:") and self._works(kept):
            return Step("there", said)
        password = secrets.token_urlsafe(24)

        def make() -> None:
            known = {row["user"] for row in server.query("SHOW USERS", "")}
            verb = "SET PASSWORD FOR {} = '{}'" if user in known else "CREATE USER {} WITH PASSWORD '{}'"
            server.query(verb.format(_quoted(user), password), "")
            server.query(f"GRANT {right} ON {_quoted(self._raw.database)} TO {_quoted(user)}", "")
            self._keep(path, f"{user}:{password}")

        return self._step(False, said, make)

    def _works(self, token: str) -> bool:
        """Whether somebody may at least read with it."""
        try:
            self._server(token).query("SHOW MEASUREMENTS LIMIT 1", self._raw.database)
        except (InfluxError, RefusedError):
            return False
        return True

    # --- InfluxDB 2 ----------------------------------------------------------------------------

    def _v2(self) -> Iterator[Step]:
        answer = self._link.ask("GET", "/api/v2/setup")
        if isinstance(answer.json, dict) and answer.json.get("allowed"):
            yield self._v2_first_user()
            if self._dry_run:
                yield from (Step("to-do", said) for said in self._v2_rest())
                return
        server = self._server(self._credentials())
        org = self._v2_org(server)
        kinds = ((self._raw, self._settings.raw_days, True), (self._means, self._settings.means_days, False))
        buckets: dict[str, str] = {}
        for target, days, default in kinds:
            yield from self._v2_bucket(server, org, target, days, buckets)
            if target.bucket in buckets:
                yield self._v2_mapping(server, org, target, buckets[target.bucket], default)
        if len(buckets) < len(kinds):  # of a dry run
            yield from (Step("to-do", said) for said in self._v2_rest()[-2:])
            return
        for path, action, what in (
            (self._files.host, "write", Phrase("a token that writes")),
            (self._files.grafana, "read", Phrase("a token that reads, for Grafana")),
        ):
            yield self._v2_token(server, org, path, action, what, buckets)

    def _v2_rest(self) -> list[Phrase]:
        """What is to be done on a server that is new, in words."""
        buckets = [Phrase("the bucket {name}", name=target.bucket) for target in (self._raw, self._means)]
        return [
            *buckets,
            Phrase("the mapping for InfluxQL"),
            Phrase("{what}, in {file}", what=Phrase("a token that writes"), file=self._files.host),
            Phrase("{what}, in {file}", what=Phrase("a token that reads, for Grafana"), file=self._files.grafana),
        ]

    def _v2_first_user(self) -> Step:
        """A new server takes its first user from anybody."""
        token = secrets.token_urlsafe(48)
        body = {
            "username": _ADMIN_USER,
            "password": secrets.token_urlsafe(24),
            "org": self._settings.org,
            "bucket": self._raw.bucket,
            "retentionPeriodSeconds": self._settings.raw_days * _DAY_S,
            "token": token,
        }

        def make() -> None:
            self._keep(self._files.admin, token)
            self._must(self._link.ask("POST", "/api/v2/setup", None, _json(body), _JSON))

        return self._step(
            False,
            Phrase(
                "its first user {name}, with a token in {file}; the organisation {org}",
                name=_ADMIN_USER,
                file=self._files.admin,
                org=self._settings.org,
            ),
            make,
        )

    def _v2_org(self, server: Server) -> str:
        if not server.token:
            raise InfluxError(
                "admin",
                Phrase(
                    "InfluxDB {version} at {url} was set up by somebody else: put a token of an administrator (an all access "
                    "token) into a file of mode 0600 and name it with --admin-file",
                    version=self._found.version,
                    url=self._link.url,
                ),
            )
        answer = server.ask("GET", "/api/v2/orgs", {"org": self._settings.org})
        found = self._must(answer).json["orgs"] if answer.status != http.HTTPStatus.NOT_FOUND else []
        if not found:
            raise InfluxError(
                "org",
                Phrase(
                    "InfluxDB {url} has no organisation {org}, or the token in {file} may not see it: correct influx.org",
                    url=self._link.url,
                    org=self._settings.org,
                    file=self._files.admin,
                ),
            )
        return str(found[0]["id"])

    def _v2_bucket(
        self, server: Server, org: str, target: Target, days: int, buckets: dict[str, str]
    ) -> Iterator[Step]:
        """The bucket, which is put into `buckets` when it is there."""
        found = self._must(server.ask("GET", "/api/v2/buckets", {"orgID": org, "limit": "100"})).json["buckets"]
        bucket = next((one for one in found if one["name"] == target.bucket), None)
        rules = [{"type": "expire", "everySeconds": days * _DAY_S}] if days else []

        def make() -> None:
            body = {"orgID": org, "name": target.bucket, "retentionRules": rules}
            buckets[target.bucket] = self._must(server.ask("POST", "/api/v2/buckets", body=body)).json["id"]

        yield self._step(bucket is not None, Phrase("the bucket {name}", name=target.bucket), make)
        if bucket is None:
            return
        buckets[target.bucket] = bucket["id"]
        kept_s = next((rule["everySeconds"] for rule in bucket["retentionRules"] if rule["type"] == "expire"), 0)
        path = f"/api/v2/buckets/{bucket['id']}"
        yield self._retention(
            target.bucket,
            days,
            kept_s,
            lambda: self._must(server.ask("PATCH", path, body={"retentionRules": rules or [_FOR_EVER]})),
        )

    def _v2_mapping(self, server: Server, org: str, target: Target, bucket: str, default: bool) -> Step:
        """By which InfluxQL finds a bucket."""
        policy = target.policy or _RAW_POLICY
        found = self._must(server.ask("GET", "/api/v2/dbrps", {"orgID": org, "db": target.database})).json["content"]
        there = any(
            one["retention_policy"] == policy and one["bucketID"] == bucket and not one.get("virtual") for one in found
        )
        body = {
            "orgID": org, "bucketID": bucket, "database": target.database, "retention_policy": policy,
            "default": default,
        }  # fmt: skip
        said = Phrase(
            "InfluxQL finds the bucket {name} as database {database}, policy {policy}",
            name=target.bucket,
            database=target.database,
            policy=policy,
        )
        return self._step(there, said, lambda: self._must(server.ask("POST", "/api/v2/dbrps", body=body)))

    def _v2_token(
        self, server: Server, org: str, path: Path, action: str, what: Phrase, buckets: Mapping[str, str]
    ) -> Step:
        """A token of ours is known by its description; one whose file is lost, or which is not for these buckets, is replaced."""
        name = f"Paraat {action} ({self._region})"
        permissions = [
            {"action": action, "resource": {"type": "buckets", "id": bucket, "orgID": org}}
            for bucket in buckets.values()
        ]
        found = self._must(server.ask("GET", "/api/v2/authorizations", {"orgID": org})).json["authorizations"]
        ours = [one for one in found if one.get("description") == name]
        kept = self._files.read(path)

        def make() -> None:
            for one in ours:
                self._must(server.ask("DELETE", f"/api/v2/authorizations/{one['id']}"))
            body = {"orgID": org, "description": name, "permissions": permissions}
            made = self._must(server.ask("POST", "/api/v2/authorizations", body=body)).json
            self._keep(path, made["token"])

        there = bool(kept) and any(
            one.get("status") == "active" and _rights(one["permissions"]) == _rights(permissions) for one in ours
        )
        said = Phrase("{what}, in {file}", what=what, file=path)
        return self._step(there and self._v2_knows(kept), said, make)

    def _v2_knows(self, token: str) -> bool:
        """Whether the server knows a token, whatever it may do."""
        answer = self._server(token).ask("GET", "/api/v2/buckets", {"limit": "1"})
        return answer.status != http.HTTPStatus.UNAUTHORIZED

    # --- InfluxDB 3 ----------------------------------------------------------------------------

    def _v3(self) -> Iterator[Step]:
        guarded = not self._link.ask("GET", "/api/v3/configure/database", {"format": "json"}).ok
        if guarded and not self._credentials():
            yield self._step(False, Phrase("its operator token, in {file}", file=self._files.admin), self._v3_operator)
            if self._dry_run:
                yield from (Step("to-do", said) for said in self._v2_rest() if "InfluxQL" not in said)
                return
        server = self._server(self._credentials() if guarded else "")
        known = self._must(server.ask("GET", "/api/v3/configure/database", {"format": "json"})).json
        names = {one.get("iox::database") for one in known}
        for target, days in ((self._raw, self._settings.raw_days), (self._means, self._settings.means_days)):
            body: dict[str, Any] = {"db": target.bucket} | ({"retention_period": f"{days}d"} if days else {})
            said = Phrase("the database {name}", name=target.bucket)
            yield self._step(target.bucket in names, said, partial(self._v3_database, server, body))
        if not guarded:
            yield self._no_password()
            return
        for path, name in ((self._files.host, _HOST_USER), (self._files.grafana, _GRAFANA_USER)):
            kept = self._files.read(path)
            there = bool(kept) and self._server(kept).ask("GET", _V3_DATABASE, {"format": "json"}).ok
            said = Phrase("a token, which in this kind of InfluxDB may do everything, in {file}", file=path)
            yield self._step(there, said, partial(self._v3_token, server, path, name))

    def _v3_database(self, server: Server, body: dict[str, Any]) -> None:
        self._must(server.ask("POST", _V3_DATABASE, body=body))

    def _v3_operator(self) -> None:
        answer = self._must(self._link.ask("POST", "/api/v3/configure/token/admin", None, b"", {}))
        self._keep(self._files.admin, answer.json["token"])

    def _v3_token(self, server: Server, path: Path, name: str) -> None:
        server.ask("DELETE", "/api/v3/configure/token", {"token_name": name})
        made = self._must(server.ask("POST", "/api/v3/configure/token/named_admin", body={"token_name": name}))
        self._keep(path, made.json["token"])

    def _must(self, answer: Answer) -> Answer:
        """An answer that did what was asked. Raises InfluxError."""
        if answer.ok:
            return answer
        raise self._server("").trouble(answer, self._raw)


_JSON = {"Content-Type": "application/json"}
_V3_DATABASE = "/api/v3/configure/database"
_FOR_EVER = {"type": "expire", "everySeconds": 0}


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def _rights(permissions: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(one["action"], one["resource"]["type"], one["resource"].get("id", "")) for one in permissions}


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _v1_days(days: int) -> str:
    return f"{days}d" if days else "INF"


def _seconds(duration: str) -> int:
    """What InfluxDB 1 writes as 720h0m0s; 0: for ever."""
    return sum(int(n) * _UNITS_S[unit] for n, unit in _DURATION.findall(duration))
