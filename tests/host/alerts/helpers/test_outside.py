"""By what a mail server says of an address whether it is one."""

import pytest

from paraat.alerts.helpers.outside import refused


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{'a@b.nl': (550, b'no such mailbox')}", "550 no such mailbox"),
        (
            "{'a@b.nl': (550, b'5.1.1 <a@b.nl>: Recipient address rejected')}",
            "550 5.1.1 <a@b.nl>: Recipient address rejected",
        ),
        ("{'a@b.nl': (550, b'5.2.1 The email account is disabled')}", "550 5.2.1 The email account is disabled"),
        ("{'a@b.nl': (553, b\"that's none\")}", "553 that's none"),
        ("{'a@b.nl': (550, b'5.7.1 blocked')}", ""),
        ("{'a@b.nl': (552, b'mailbox full')}", ""),
        ("{'a@b.nl': (451, b'greylisted')}", ""),
        ("(552, b'mailbox full')", ""),
        ("(550, b'sender refused', 'paraat@b.nl')", ""),
        ("[Errno 111] Connection refused", ""),
        ("", ""),
    ],
)
def test_only_an_address_that_is_none_is_given_up(line: str, words: str) -> None:
    assert refused([line]) == words
    assert refused(["Sending email failed", line, "later"]) == words
