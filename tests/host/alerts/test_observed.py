"""What the host observes of itself, kept as what changed and given back as it was."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from paraat.alerts.observed import Observed, Observer
from paraat.alerts.rules import make_rules
from paraat.domain.own import BrokerLink, ChannelHealth, DiskSpace
from paraat.domain.subjects import View
from paraat.domain.thresholds import Alerts
from paraat.texts import Phrase

T0 = 1764000000.0
KINDS = [rule.judges for rule in make_rules(Alerts(), {}).values()]

views = st.dictionaries(
    st.sampled_from(["broker", "email", "sms", "disk"]), st.integers(0, 2), max_size=4
)  # by what it is about how it does


def made(now: float, found: dict[str, int]) -> list[View]:
    link = [BrokerLink(now=now, connected=n == 0) for name, n in found.items() if name == "broker"]
    disk = [DiskSpace(now=now, free=n, total=9, full_in_h=n / 3 or None) for name, n in found.items() if name == "disk"]
    ways = [
        ChannelHealth(now=now, name=name, failing_since=T0 + n / 7 if n else None, why="no" * n)
        for name, n in found.items()
        if name in ("email", "sms")
    ]
    return [*link, *disk, *ways]


def by_subject(found: list[View]) -> dict[object, View]:
    return {view.subject: view for view in found}


@given(st.lists(views, min_size=1, max_size=12), st.integers(0, 12))
def test_every_moment_comes_back_as_it_was_also_over_a_restart(course: list[dict[str, int]], restart: int) -> None:
    observer, observed = Observer(), Observed(KINDS)
    for n, found in enumerate(course):
        if n == restart:
            observer = Observer()
        now = T0 + 5 * n
        begins, back = observed.take(observer.note(made(now, found)), now)
        assert begins == (n in (0, restart))
        assert by_subject(back) == by_subject(made(now, found))


def test_what_stands_still_is_kept_once_and_a_change_alone() -> None:
    observer = Observer()
    assert observer.note(made(T0, {"broker": 0, "sms": 0}))
    assert observer.note(made(T0 + 5, {"broker": 0, "sms": 0})) == ""
    assert "sms" not in observer.note(made(T0 + 10, {"broker": 1, "sms": 0}))


def test_what_it_says_of_a_fault_is_kept_as_text_and_what_is_not_known_is_left_out() -> None:
    observer, why = Observer(), Phrase("no answer within {limit} s", limit=5)
    told = observer.note([ChannelHealth(now=T0, name="sms", failing_since=T0, why=why)])
    (view,) = Observed(KINDS).take(told, T0)[1]
    assert view == ChannelHealth(now=T0, name="sms", failing_since=T0, why="no answer within 5 s")
    newer = msgspec.json.encode({"begins": True, "views": {"Moon": {"moon/full": {"phase": 1}}}}).decode()
    assert Observed(KINDS).take(newer, T0) == (True, [])
