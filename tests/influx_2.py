"""InfluxDB 2 at the wire, as far as Paraat asks it. Every answer is one that a real InfluxDB 2.7.11, built from its source, gave to the
same request on 28 November 2026; only ids and tokens differ.
"""

import itertools
import json
from typing import Any

from influx_at_the_wire import VERSION_2, Answered, Asked, AtTheWire

_JSON = {**VERSION_2, "Content-Type": "application/json; charset=utf-8"}


class Influx2:
    """A server that nobody has set up yet. It keeps lines without looking at them."""

    def __init__(self) -> None:
        self.org = ""
        self.tokens: dict[str, dict[str, Any]] = {}  # by token the authorization
        self.buckets: dict[str, dict[str, Any]] = {}  # by id
        self.mappings: list[dict[str, Any]] = []
        self.lines: dict[str, list[bytes]] = {}  # by the bucket's name
        self.changed = 0  # requests that changed how it is set up
        self._ids = (f"{n:016x}" for n in itertools.count(1))
        self.wire = AtTheWire(self._answer)
        self.url, self.close = self.wire.url, self.wire.close

    def admin(self) -> str:
        """The token of its first user."""
        return next(token for token, one in self.tokens.items() if one["description"] == "")

    def _answer(self, asked: Asked) -> Answered:
        if asked.path == "/ping":
            return 204, VERSION_2, b""
        body = json.loads(asked.body) if asked.headers.get("Content-Type") == "application/json" else None
        if asked.path == "/api/v2/setup":
            return self._set_up(asked, body)
        token = asked.headers.get("Authorization", "").removeprefix("Token ")
        who = self.tokens.get(token)
        if who is None or who["status"] != "active":
            return _error(401, "unauthorized", "unauthorized access")
        if asked.path == "/api/v2/write":
            return self._write(asked, who)
        if asked.path == "/query":
            return self._query(asked, who)
        if asked.method != "GET":
            self.changed += 1
        return self._set(asked, body, who)

    def _set_up(self, asked: Asked, body: dict[str, Any] | None) -> Answered:
        if body is None:
            return _ok({"allowed": not self.org})
        if self.org:
            return _error(422, "conflict", "onboarding has already been completed")
        self.changed += 1
        self.org = body["org"]
        self._bucket(body["bucket"], body["retentionPeriodSeconds"])
        self._authorize(body["token"], "", [])
        return _ok({"auth": {"token": body["token"]}}, 201)

    def _bucket(self, name: str, kept_s: int) -> dict[str, Any]:
        rules = [{"type": "expire", "everySeconds": kept_s, "shardGroupDurationSeconds": 86400}] if kept_s else []
        bucket = {"id": next(self._ids), "name": name, "retentionRules": rules, "type": "user"}
        self.buckets[bucket["id"]] = bucket
        return bucket

    def _authorize(self, token: str, description: str, permissions: list[dict[str, Any]]) -> dict[str, Any]:
        made = {
            "id": next(self._ids), "token": token, "status": "active", "description": description,
            "permissions": permissions,
        }  # fmt: skip
        self.tokens[token] = made
        return made

    def _set(self, asked: Asked, body: Any, who: dict[str, Any]) -> Answered:
        kind, _, found = asked.path.removeprefix("/api/v2/").partition("/")
        if kind == "orgs":
            if asked.params["org"] != self.org:
                return _error(404, "not found", f'organization name "{asked.params["org"]}" not found')
            return _ok({"orgs": [{"id": "ac90ea2adf10c701", "name": self.org}]})
        if kind == "buckets":
            if asked.method == "PATCH":
                rules = [rule for rule in body["retentionRules"] if rule["everySeconds"]]
                self.buckets[found]["retentionRules"] = rules
                return _ok(self.buckets[found])
            if asked.method == "POST":
                rules = body["retentionRules"]
                return _ok(self._bucket(body["name"], rules[0]["everySeconds"] if rules else 0), 201)
            return _ok({"buckets": list(self.buckets.values())})
        if kind == "dbrps":
            if asked.method == "POST":
                self.mappings.append({**body, "id": next(self._ids), "virtual": False})
                return _ok(self.mappings[-1], 201)
            virtual = [
                {"database": name, "retention_policy": policy or "autogen", "bucketID": one["id"], "virtual": True}
                for one in self.buckets.values()
                for name, _, policy in [one["name"].partition("/")]
            ]
            return _ok({"content": [*self.mappings, *virtual]})
        if asked.method == "DELETE":
            self.tokens = {token: one for token, one in self.tokens.items() if one["id"] != found}
            return 204, VERSION_2, b""
        if asked.method == "POST":
            return _ok(self._authorize(f"token-{next(self._ids)}", body["description"], body["permissions"]), 201)
        return _ok({"authorizations": list(self.tokens.values())})

    def _may(self, who: dict[str, Any], action: str, bucket: str) -> bool:
        wanted = (action, bucket)
        return not who["description"] or wanted in {
            (one["action"], one["resource"]["id"]) for one in who["permissions"]
        }

    def _write(self, asked: Asked, who: dict[str, Any]) -> Answered:
        if asked.params.get("org") != self.org:
            return _error(404, "not found", f'organization name "{asked.params.get("org")}" not found')
        bucket = next((one for one in self.buckets.values() if one["name"] == asked.params["bucket"]), None)
        if bucket is None:
            return _error(404, "not found", f'bucket "{asked.params["bucket"]}" not found')
        if not self._may(who, "write", bucket["id"]):
            return _error(403, "forbidden", "insufficient permissions for write")
        self.lines.setdefault(bucket["name"], []).extend(asked.body.split(b"\n"))
        return 204, VERSION_2, b""

    def _query(self, asked: Asked, who: dict[str, Any]) -> Answered:
        """Only whether it finds the bucket, and how many rows are in it."""
        name, policy = asked.params["db"], asked.params.get("rp", "")
        mapping = next(
            (
                one
                for one in self.mappings
                if one["database"] == name and (one["retention_policy"] == policy or (not policy and one["default"]))
            ),
            None,
        )
        if mapping is None or not self._may(who, "read", mapping["bucketID"]):
            return _ok({"results": [{"statement_id": 0, "error": f"database not found: {name}"}]})
        if not self.lines.get(self.buckets[mapping["bucketID"]]["name"]) or "probe" not in asked.params["q"]:
            return _ok({"results": [{"statement_id": 0}]})
        series = {"name": "probe", "columns": ["time", "last"], "values": [[1764000000, 1]]}
        return _ok({"results": [{"statement_id": 0, "series": [series]}]})


def _ok(body: object, status: int = 200) -> Answered:
    return status, _JSON, json.dumps(body).encode()


def _error(status: int, code: str, message: str) -> Answered:
    return status, _JSON, json.dumps({"code": code, "message": message}).encode()
