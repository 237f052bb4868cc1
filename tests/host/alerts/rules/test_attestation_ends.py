import msgspec

from paraat.alerts.rules.attestation_ends import AttestationEndsRule
from paraat.alerts.rules.base import Verdict
from paraat.domain.model import PointView
from paraat.domain.profiles import Profile, Resource
from paraat.domain.readiness import Known, Power, Said, judge
from paraat.domain.thresholds import Alerts, Attestation
from tracker_bench import T0, Bench

RULE = AttestationEndsRule(Alerts())
DAY = 86_400.0
PROFILE = Profile(
    target_h=12.0,
    resources={
        "water": Resource(critical=True, valid_days=31, renew_days=7),
        "internet": Resource(critical=True, valid_days=31, renew_days=7),
        "food": Resource(need="wished", valid_days=31, renew_days=7),
    },
)


def attested(days: float, **until_days: float) -> PointView:
    """Resources that are stated until so many days after T0, so many days after T0."""
    now = T0 + days * DAY
    said = {
        name: Said(there=True, t=T0, until=T0 + until * DAY, by="Jan", role="lead")
        for name, until in until_days.items()
    }
    nothing = Power(mains=None, generator=None, hours=None)
    _, resources = judge(PROFILE, Known(now=now, power=nothing, readings={}, said=said))
    return msgspec.structs.replace(Bench().view(now), resources=resources)


def test_a_word_that_ends_within_the_profiles_days_and_one_that_has_ended() -> None:
    assert RULE.judge(attested(0, water=30, internet=30, food=30)).verdict is Verdict.CLEAR
    ending = RULE.judge(attested(24, water=30, internet=31))
    assert (ending.verdict, ending.severity, ending.wording) == (Verdict.RAISE, "warning", "firing")
    assert ending.detail == {"resources": "water", "until_at": T0 + 30 * DAY}
    ended = RULE.judge(attested(31, water=30, internet=31))
    assert (ended.wording, ended.detail["until_at"]) == ("ended", T0 + 30 * DAY)
    assert ended.detail["resources"] == "water,internet"
    assert ended.rank > ending.rank
    assert RULE.for_role == "lead"


def test_wished_ones_and_those_that_nobody_ever_stated_are_no_end_of_a_word() -> None:
    assert RULE.judge(attested(29, food=30)).verdict is Verdict.CLEAR


def test_a_silent_point_is_judged_all_the_same() -> None:
    view = attested(31, water=30)
    assert view.heard_at is None
    assert RULE.judge(view).verdict is Verdict.RAISE


def test_its_limit_is_that_of_the_site() -> None:
    assert AttestationEndsRule(Alerts(attestation_ends=Attestation(hold_s=7))).hold_s == 7
