"""How fast the host stores: decode -> journal, against plain SQLite with the same bodies.

    python benchmarks/host_ingest.py [--sets N] [--points N] [--directory DIR]

Both write into WAL with synchronous=FULL, 500 sets a commit, on the same disk. The ratio tells what
decoding, checking for repeats and keeping the ranges cost on top of what SQLite itself takes. No
broker is involved. A "point" here is one measured value, as InfluxDB counts.
"""

import argparse
import sqlite3
import tempfile
import time
from pathlib import Path

import msgspec

from paraat.intake.decode import decode
from paraat.journal import Journal
from paraat_wire import codec, host_codec, topics

BATCH = 500
T0 = 1764000000


def payloads(sets: int, points: int) -> list[tuple[str, bytes]]:
    """Messages of one set each, eight values a set, the points taking turns as they would."""
    made = []
    for n in range(sets):
        point = f"nsp-{n % points:05d}"
        seq = n // points + 1
        values: list[tuple[str, float | bool]] = [
            ("fuel/level", 61.2 + seq % 7),
            ("power/mains", seq % 2 == 0),
            ("power/generator", seq % 2 == 1),
            ("battery/voltage", 12.6),
            ("battery/current", -3.25),
            ("climate/temperature", 19.43),
            ("people/present", 41 + seq % 5),
            ("node/uptime", 60 * seq),
        ]
        records = codec.encode_records(values, [])
        pack = host_codec.encode_pack([codec.encode_set(point, seq, T0 + 60 * seq, records)])
        made.append((topics.topic(point, topics.TELEMETRY), pack))
    return made


def ours(messages: list[tuple[str, bytes]], points: set[str], path: Path) -> tuple[float, float]:
    """Seconds of the whole path, and of the decoding in it."""
    journal = Journal(path)
    decoding_s = 0.0
    began_s = time.perf_counter()
    for start in range(0, len(messages), BATCH):
        at = time.perf_counter()
        sets = []
        for topic, payload in messages[start : start + BATCH]:
            found = decode(topic, payload, received_at=T0 + 9e8, retained=False, points=points)
            sets += found.sets
        decoding_s += time.perf_counter() - at
        journal.store(sets, [], [])
    spent_s = time.perf_counter() - began_s
    journal.close()
    return spent_s, decoding_s


def plain(messages: list[tuple[str, bytes]], points: set[str], path: Path) -> float:
    """Seconds that SQLite takes for the same bodies, encoded beforehand, with the same unique
    index.
    """
    rows = []
    for topic, payload in messages:
        (a_set,) = decode(topic, payload, received_at=T0 + 9e8, retained=False, points=points).sets
        body = msgspec.json.encode((a_set.values, a_set.faults))
        rows.append((a_set.point, a_set.seq, a_set.t, body))
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT, point TEXT, seq INTEGER, t REAL, body BLOB)")
    db.execute("CREATE UNIQUE INDEX by_seq ON entry (point, seq)")
    began_s = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO entry (point, seq, t, body) VALUES (?, ?, ?, ?)",
            rows[start : start + BATCH],
        )
        db.execute("COMMIT")
    spent_s = time.perf_counter() - began_s
    db.close()
    return spent_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=50_000)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--directory", type=Path, help="on the disk to measure")
    args = parser.parse_args()
    messages = payloads(args.sets, args.points)
    points = {f"nsp-{n:05d}" for n in range(args.points)}
    values = 8 * len(messages)
    with tempfile.TemporaryDirectory(dir=args.directory) as directory:
        whole_s, decoding_s = ours(messages, points, Path(directory) / "journal.sqlite")
        bare_s = plain(messages, points, Path(directory) / "plain.sqlite")
    for name, spent_s in (("decode -> journal", whole_s), ("plain SQLite", bare_s)):
        print(f"{name:18s} {len(messages) / spent_s:9,.0f} sets/s {values / spent_s:11,.0f} points/s")
    print(f"decoding takes {decoding_s / whole_s:.0%} of our time")
    print(f"ratio {bare_s / whole_s:.2f} of plain SQLite ({whole_s / bare_s:.1f} times its time)")


if __name__ == "__main__":
    main()
