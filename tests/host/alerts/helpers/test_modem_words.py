"""What the modem's helper says of what gammu says."""

import pytest

pytestmark = pytest.mark.needs("gammu")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (({"Text": "No SIM card", "Where": "SendSMS"},), "gammu: No SIM card (SendSMS)"),
        (({},), "gammu: GSMError (?)"),
        (("no table",), "gammu: GSMError (?)"),
        ((), "gammu: GSMError (?)"),
    ],
)
def test_an_error_is_said_by_its_text_and_its_place(told: tuple[object, ...], words: str) -> None:
    import gammu

    from paraat.alerts.helpers.modem import _words

    assert _words(gammu.GSMError(*told)) == words
