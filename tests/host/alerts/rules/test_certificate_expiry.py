import msgspec

from paraat.alerts.engine import Engine
from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.certificate_expiry import NAME, CertificateExpiryRule
from paraat.alerts.texts import message
from paraat.domain.model import AlertState
from paraat.domain.subjects import Subject
from paraat.domain.thresholds import Alerts, CertificateExpiry
from tracker_bench import POINT, T0, Bench

DAY_S = 86400.0
RULE = CertificateExpiryRule(Alerts())


def verdict(days: float | None) -> Verdict:
    bench = Bench()
    bench.certificate_until = None if days is None else T0 + days * DAY_S
    return RULE.judge(bench.view(T0)).verdict


def test_it_raises_sixty_days_before_the_end_and_after_it() -> None:
    assert [verdict(days) for days in (61, 60, 59, 0, -1)] == [*[Verdict.CLEAR] * 2, *[Verdict.RAISE] * 3]


def test_an_end_that_is_not_known_changes_nothing() -> None:
    assert verdict(None) is Verdict.HOLD


def test_a_silent_point_is_judged_all_the_same() -> None:
    bench = Bench()
    bench.certificate_until = T0 + DAY_S
    assert RULE.judge(bench.view(T0)).verdict is Verdict.RAISE
    assert bench.view(T0).heard_at is None


def test_a_new_certificate_resolves_it_and_a_lost_list_does_not() -> None:
    bench, engine = Bench(), Engine({NAME: RULE})

    def states(t: float, until: float | None) -> list[str]:
        bench.certificate_until = until
        return [change.alert.state for change in engine.step(T0 + t, [bench.view(T0 + t)])]

    soon, later = T0 + 10 * DAY_S, T0 + 1800 * DAY_S
    assert states(0, soon) == ["pending"]
    assert states(600, soon) == ["firing"]
    assert states(700, None) == []
    assert states(800, later) == []
    assert states(1400, later) == ["resolved"]


def test_the_words_say_how_long_and_what_to_do_and_that_it_is_over() -> None:
    bench = Bench()
    bench.certificate_until = T0 + 42 * DAY_S
    firing = AlertState(
        rule=NAME, subject=Subject("point", POINT.id), state="firing", since=T0, severity="warning", id=7,
        detail=RULE.judge(bench.view(T0)).detail,
    )  # fmt: skip
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Amsterdam")
    subject, body = message(firing, "firing", POINT, language="nl", zone=zone, now=T0)
    assert subject == "Certificaat verloopt: De Linde, nog 42 dagen"
    assert "make flash" in body
    judged = RULE.judge(bench.view(T0 + 43 * DAY_S))
    ended = msgspec.structs.replace(firing, detail=judged.detail, wording=judged.wording)
    assert message(ended, "firing", POINT, language="en", zone=zone, now=T0)[0] == "Certificate has ended: De Linde"


def test_it_is_a_warning_and_says_when_it_ends_and_whether_it_has_ended() -> None:
    bench = Bench()
    found = []
    for left_s in (1.0, 0.0, -DAY_S):
        bench.certificate_until = T0 + left_s
        judged = RULE.judge(bench.view(T0))
        assert judged.severity == "warning"
        found.append((judged.detail["days"], judged.detail["ends_at"], judged.detail["ended"]))
    assert found == [(1 / DAY_S, T0 + 1, 0), (0.0, T0, 1), (0.0, T0 - DAY_S, 1)]
    assert RULE.judge(Bench().view(T0)).severity == "warning"


def test_its_limits_are_those_of_the_site() -> None:
    rule = CertificateExpiryRule(Alerts(certificate_expiry=CertificateExpiry(raise_days=10, hold_s=7)))
    bench = Bench()
    bench.certificate_until = T0 + 11 * DAY_S
    assert rule.hold_s == 7
    assert [rule.judge(bench.view(T0 + t)).verdict for t in (DAY_S, DAY_S + 1)] == [Verdict.CLEAR, Verdict.RAISE]
