"""A delivery as people look at it."""

from paraat.domain.model import Delivery
from paraat.domain.roster import Person, Roster
from paraat.domain.told import Told, told


def test_a_delivery_has_the_name_of_who_was_told_and_what_came_back() -> None:
    roster = Roster(people={"jan": Person(id="jan", name="Jan de Vries", reach={})})
    row = Delivery(
        alert_id=7, reason="turn-1", rung="lead", person="jan", channel="sms", address="+31600000001", created_at=1.0,
        due_at=9.0, first_due_at=2.0, attempts=3, state="sent", answer="taken", settled_at=8.0,
    )  # fmt: skip
    gone = Delivery(
        alert_id=7, reason="turn-1", rung="board", person="board/", channel="siren", address="nsp-0101", created_at=1.0,
        due_at=4.0, first_due_at=3.0,
    )  # fmt: skip
    assert told([row, gone], roster) == [
        Told(
            reason="turn-1", rung="lead", name="Jan de Vries", channel="sms", state="sent", due_at=2.0, at=8.0, attempts=3,
            answer="taken",
        ),
        Told(
            reason="turn-1", rung="board", name="board", channel="siren", state="due", due_at=3.0, at=None, attempts=0,
            answer="",
        ),
    ]  # fmt: skip
