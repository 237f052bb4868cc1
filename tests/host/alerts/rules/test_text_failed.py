import msgspec
import pytest

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.text_failed import TextFailedRule
from paraat.domain.model import FailedText
from paraat.domain.thresholds import Alerts, TextFailed

T0 = 1764000000.0
ALERTS = msgspec.structs.replace(Alerts(), text_failed=TextFailed(for_s=600.0))


@pytest.mark.parametrize(
    ("ago_s", "verdict"),
    [(0.0, Verdict.RAISE), (599.0, Verdict.RAISE), (600.0, Verdict.CLEAR), (-1.0, Verdict.CLEAR)],
)
def test_words_that_failed_of_late_are_told_with_which_they_are_and_when(ago_s: float, verdict: Verdict) -> None:
    judged = TextFailedRule(ALERTS).judge(FailedText(text="low_fuel.firing", now=T0, failed_at=T0 - ago_s))
    assert judged.verdict is verdict
    assert judged.detail == {"text": "low_fuel.firing", "failed_at": T0 - ago_s}
    if verdict is Verdict.RAISE:
        assert (judged.severity, judged.wording) == ("warning", "firing")
