"""What leaves first, and what waits: the choice alone."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from paraat.alerts.outgoing import HOUR_S, Outgoing, Standing, choose, last_delivery
from paraat.domain.model import AlertState, Delivery
from paraat.domain.roster import Person, Roster
from paraat.domain.subjects import Subject
from paraat.domain.telling import Telling

NOW = 1764000000.0  # 17:00 in Amsterdam
WAYS = {"anna": [("email", "anna@example.org"), ("sms", "+31600000001")], "bas": [("email", "bas@example.org")]}
PEOPLE = {
    name: Person(id=name, name=name, reach={channel: (address,) for channel, address in ways})
    for name, ways in WAYS.items()
}


def alert(n: int, severity: str = "critical", **changes: object) -> AlertState:
    made = AlertState(
        rule="low_fuel", subject=Subject("point", f"p{n}"), state="firing", since=NOW, severity=severity, detail={}, id=n,
        fired_at=NOW, turned_at=NOW,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def row(n: int, alert_id: int, person: str = "anna", channel: str = "email", **changes: object) -> Delivery:
    address = dict(WAYS[person])[channel]
    made = Delivery(
        alert_id=alert_id, reason="turn-1", rung="lead", person=person, channel=channel, address=address, created_at=NOW,
        due_at=NOW, first_due_at=NOW, id=n,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def standing(*alerts: AlertState, sent: tuple[Delivery, ...] = ()) -> Standing:
    return Standing(
        alerts={one.id: one for one in alerts},
        acknowledged=lambda _: "",
        sent=sent,
        ways=lambda person: WAYS[person.id],
        roster=Roster(people=PEOPLE),
        telling=Telling(),
    )


def chosen(waiting: list[Delivery], found: Standing, now: float = NOW) -> list[int]:
    message = choose(waiting, found, now).message
    return [] if message is None else [one.id for one in message.rows]


def test_a_critical_one_leaves_before_a_warning_that_waits_longer() -> None:
    assert chosen([row(1, 1, "bas"), row(2, 2)], standing(alert(1, "warning"), alert(2))) == [2]


def test_what_is_ready_for_one_address_is_one_message_and_another_persons_is_not_in_it() -> None:
    assert chosen([row(1, 1), row(2, 2, "bas"), row(3, 2)], standing(alert(1), alert(2))) == [1, 3]


def test_a_retry_waits_and_a_clock_that_was_set_back_puts_nothing_off() -> None:
    assert chosen([row(1, 1, due_at=NOW + 600)], standing(alert(1))) == []
    assert chosen([row(1, 1, due_at=NOW + 601)], standing(alert(1))) == [1]
    later = row(9, 2, state="sent", message="m", settled_at=NOW + 86400)
    assert chosen([row(1, 1)], standing(alert(1), alert(2), sent=(later,))) == [1]


def test_the_second_way_carries_the_first_message_and_the_first_way_the_next() -> None:
    by_mail = row(8, 2, state="sent", message="m1", settled_at=NOW - 1)
    by_sms = row(9, 2, channel="sms", state="sent", message="m2", settled_at=NOW - 1)
    found = standing(alert(1), alert(2), sent=(by_mail,))
    assert chosen([row(1, 1, channel="sms")], found) == [1], "each way carries a first one"
    found = standing(alert(1), alert(2), sent=(by_mail, by_sms))
    assert chosen([row(1, 1, channel="sms")], found, NOW + 3000) == []
    assert chosen([row(1, 1)], found, NOW + 298) == []
    assert chosen([row(1, 1)], found, NOW + 300) == [1], "the first pause of two ways"


@given(
    sent_s=st.lists(st.integers(0, 3600), max_size=12),
    ways=st.lists(st.sampled_from(["email", "sms"]), min_size=12, max_size=12),
)
def test_whatever_was_sent_within_the_hour_a_seventh_waits_and_nothing_waits_longer(
    sent_s: list[int], ways: list[str]
) -> None:
    rows = tuple(
        row(n, 2, channel=way, state="sent", message=f"m{n}", settled_at=NOW - s)
        for n, (s, way) in enumerate(zip(sent_s, ways, strict=False))
    )
    found = standing(alert(1), alert(2), sent=rows)
    recent = sum(s < HOUR_S for s in sent_s)
    if recent >= 6:
        assert chosen([row(99, 1)], found) == []
    if not recent:
        assert chosen([row(99, 1)], found) == [99]
    assert chosen([row(99, 1)], found, NOW + HOUR_S) == [99]


def test_the_key_of_a_message_names_its_last_delivery() -> None:
    one, other = row(17, 3), row(23, 4, attempts=2)
    single, several = (Outgoing(PEOPLE["anna"], "email", one.address, rows) for rows in ((one,), (one, other)))
    assert (single.key, several.key) == ("3/turn-1/anna/email/17", "digest/anna/email/23/2")
    assert [last_delivery(found.key) for found in (single, several)] == [17, 23]
