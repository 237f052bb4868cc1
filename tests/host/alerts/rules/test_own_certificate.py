from zoneinfo import ZoneInfo

import pytest

from paraat.alerts.engine import Engine
from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.own_certificate import NAME, OwnCertificateRule
from paraat.alerts.texts import message
from paraat.domain.model import AlertState, OwnCertificate
from paraat.domain.subjects import Subject
from paraat.domain.thresholds import Alerts, CertificateExpiry

T0 = 1764000000.0
DAY_S = 86400.0
RULE = OwnCertificateRule(Alerts())


def own(days: float, kind: str = "broker", t: float = T0) -> OwnCertificate:
    return OwnCertificate(kind=kind, now=t, until=T0 + days * DAY_S)


def test_it_raises_sixty_days_before_the_end_and_after_it() -> None:
    verdicts = [RULE.judge(own(days)).verdict for days in (61, 59, 0, -1)]
    assert verdicts == [Verdict.CLEAR, *[Verdict.RAISE] * 3]


def test_each_certificate_has_its_alert_and_a_lost_list_ends_none() -> None:
    engine = Engine({NAME: RULE})

    def changes(t: float, *certificates: OwnCertificate) -> list[tuple[str, str]]:
        return [(c.alert.subject.id, c.alert.state) for c in engine.step(T0 + t, certificates)]

    soon, host = own(10), own(20, "host")
    assert changes(0, soon, host) == [("broker", "pending"), ("host", "pending")]
    assert changes(600, soon, host) == [("broker", "firing"), ("host", "firing")]
    again = Engine({NAME: RULE}, engine.active())
    assert len(again.active()) == 2
    assert changes(700) == []
    assert changes(800, own(1800), host) == []
    assert changes(1400, own(1800), host) == [("broker", "resolved")]


@pytest.mark.parametrize(
    ("days", "subject"),
    [
        (2.9, "Certificaat van de broker verloopt, nog 2 dagen"),
        (1.5, "Certificaat van de broker verloopt, nog 1 dag"),
        (0.6, "Certificaat van de broker verloopt, nog minder dan een dag"),
        (-0.1, "Certificaat van de broker is verlopen"),
    ],
)
def test_the_last_days_are_said_as_people_say_them(days: float, subject: str) -> None:
    alert = AlertState(
        rule=NAME,
        subject=Subject("certificate", "broker"),
        state="firing",
        since=T0,
        severity="warning",
        detail=RULE.judge(own(days)).detail,
        wording=RULE.judge(own(days)).wording,
    )
    assert message(alert, "firing", None, language="nl", zone=ZoneInfo("Europe/Amsterdam"), now=T0)[0] == subject


@pytest.mark.parametrize("kind", ["broker", "host", "watch", "spare", "desk", "authority"])
def test_the_words_say_whose_it_is_and_how_it_is_renewed(kind: str) -> None:
    engine = Engine({NAME: RULE})
    engine.step(T0, [own(42, kind)])
    (firing,) = engine.step(T0 + 600, [own(42, kind)])
    subject, body = message(firing.alert, "firing", None, language="nl", zone=ZoneInfo("Europe/Amsterdam"), now=T0)
    assert subject.startswith("Certificaat van de ")
    assert "nog 42 dagen" in subject
    assert ("docs/pki.md" if kind == "authority" else f"paraat pki renew {kind}") in body
    assert "{" not in subject + body


def test_its_limits_are_those_of_the_site() -> None:
    rule = OwnCertificateRule(Alerts(certificate_expiry=CertificateExpiry(raise_days=10, hold_s=7)))
    assert rule.hold_s == 7
    assert [rule.judge(own(days)).verdict for days in (10, 9.9)] == [Verdict.CLEAR, Verdict.RAISE]
