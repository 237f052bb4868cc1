"""What comes back of messages, and the mailbox in which that is seen."""

import msgspec
import pytest

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.mailbox_fails import MailboxFailsRule
from paraat.alerts.rules.message_returned import MessageReturnedRule
from paraat.domain.own import MailboxHealth, Returns
from paraat.domain.thresholds import Alerts, MessageReturned

NOW = 1764000000.0
ANNA = ("Anna", "anna@example.org", NOW - 60, "5.1.1: no such user")
BAS = ("Bas", "bas@example.org", NOW - 86_399, "5.2.2: full")


def test_each_address_from_which_something_came_back_is_told_and_the_newest_is_named() -> None:
    rule = MessageReturnedRule(Alerts())
    one = rule.judge(Returns(now=NOW, channel="email", came=(ANNA,)))
    assert (one.verdict, one.wording, one.severity) == (Verdict.RAISE, "firing", "warning")
    assert one.detail["who"] == "Anna"
    both = rule.judge(Returns(now=NOW, channel="email", came=(BAS, ANNA)))
    assert (both.wording, both.detail["n"], both.detail["who"]) == ("several", 2, "Anna")
    assert both.rank > one.rank


@pytest.mark.parametrize(("now", "for_s", "verdict"), [
    (NOW, 86_400.0, Verdict.RAISE),
    (NOW + 86_400, 86_400.0, Verdict.CLEAR),
    (NOW, 30.0, Verdict.CLEAR),
    (NOW - 120, 86_400.0, Verdict.CLEAR),
])  # fmt: skip
def test_it_is_told_for_so_long(now: float, for_s: float, verdict: Verdict) -> None:
    alerts = msgspec.structs.replace(Alerts(), message_returned=MessageReturned(for_s=for_s))
    assert MessageReturnedRule(alerts).judge(Returns(now=now, channel="email", came=(ANNA,))).verdict is verdict


def test_when_nobody_has_such_an_address_any_more_it_is_over() -> None:
    assert MessageReturnedRule(Alerts()).judge(Returns(now=NOW, channel="email")).verdict is Verdict.CLEAR


def test_a_mailbox_is_told_of_while_nobody_can_look_into_it() -> None:
    rule = MailboxFailsRule(Alerts())
    well = rule.judge(MailboxHealth(now=NOW, channel="email"))
    assert (well.verdict, well.detail) == (Verdict.CLEAR, {"channel": "email"})
    failing = rule.judge(MailboxHealth(now=NOW, channel="email", failing_since=NOW - 5, why="refused"))
    assert (failing.verdict, failing.detail) == (Verdict.RAISE, {"channel": "email", "why": "refused"})
    assert rule.hold_of(None) == 900.0
