"""Reports of mail servers about a mail of ours, as several of them write them, and whatever else may lie in a mailbox."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imap_server import mail, report
from paraat.alerts import dsn
from paraat.alerts.marks import Marks

MARKS = Marks(b"k" * 32)
KEY = "17/turn-1/anna/email/23"
MARK = MARKS.mark(KEY)

# As Exim writes it: the mail that came back by its headers, which are folded; as Exchange does: several addresses, one failed.
EXIM = f"""\
Return-path: <>
Content-type: multipart/report; report-type=delivery-status; boundary=1764000000-eximdsn-1
MIME-Version: 1.0
From: Mail Delivery System <Mailer-Daemon@mx.example.org>
Subject: Mail delivery failed: returning message to sender

--1764000000-eximdsn-1
Content-type: text/plain; charset=us-ascii

A message that you sent could not be delivered to one or more of its recipients.

--1764000000-eximdsn-1
Content-type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Action: failed
Final-Recipient: rfc822;anna@example.org
Status: 5.0.0
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; 550-5.2.1 The account
 is disabled

--1764000000-eximdsn-1
Content-type: text/rfc822-headers

Return-path: <paraat@example.org>
Subject: =?utf-8?q?Brandstof?=
X-Paraat-Message:
 {MARK}
Message-ID: <1@example.org>

--1764000000-eximdsn-1--
"""
SEVERAL = """\
MIME-Version: 1.0
Content-Type: MULTIPART/Report; boundary="b"; report-type=delivery-status

--b
Content-Type: message/delivery-status

Reporting-MTA: dns;mx

Final-Recipient: rfc822;x@example.org
Action: Delivered
Status: 2.0.0

Final-Recipient: rfc822;anna@example.org
Action: Failed
Status: 5.7.1

--b
Content-Type: message/rfc822

{mail}
--b--
"""


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (report(mail(MARK)), "5.1.1: 550 5.1.1 no such user"),
        (report(mail(MARK), headers_only=True), "5.1.1: 550 5.1.1 no such user"),
        (EXIM.encode(), "5.0.0: 550-5.2.1 The account is disabled"),
        (EXIM.replace("\n", "\r\n").encode(), "5.0.0: 550-5.2.1 The account is disabled"),
        (SEVERAL.format(mail=mail(MARK).decode()).encode(), "5.7.1"),
    ],
    ids=["whole", "headers", "exim", "exim with CRLF", "several"],
)
def test_a_report_names_the_mail_that_failed_and_why(raw: bytes, why: str) -> None:
    found = dsn.read(raw)
    assert found == (MARK, why)
    assert MARKS.read(found.mark) == KEY


@pytest.mark.parametrize(
    "raw",
    [
        report(mail(MARK), action="delayed", status="4.4.1"),
        report(mail(MARK), action="delivered", status="2.0.0"),
        report(mail(MARK), action="relayed", status="2.0.0"),
        report(mail("")),
        mail(MARK),
        report(mail(MARK)).replace(b"multipart/report", b"multipart/mixed"),
        b"",
        b"Content-Type: multipart/report\r\n\r\nno parts",
    ],
    ids=["late", "arrived", "passed on", "of another program", "no report", "mixed", "nothing", "no parts"],
)
def test_what_says_nothing_of_a_mail_of_ours_that_failed(raw: bytes) -> None:
    assert dsn.read(raw) is None


def test_a_mail_as_large_as_may_be_is_known_by_its_beginning() -> None:
    raw = report(mail(MARK) + b"x" * 500_000)
    assert dsn.read(raw[:131_072]) == (MARK, "5.1.1: 550 5.1.1 no such user")


def test_a_reason_of_any_length_is_one_short_line() -> None:
    found = dsn.read(report(mail(MARK), reason="no\r\n such" + " user" * 1000))
    assert found is not None
    assert len(found.why) == 200
    assert "\n" not in found.why


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda raw, cuts, junk: raw[: cuts[0]] + junk + raw[cuts[1] :],
        st.sampled_from([report(mail(MARK)), EXIM.encode()]),
        st.tuples(st.integers(0, 1200), st.integers(0, 1200)),
        st.binary(max_size=40),
    )
)
@example(
    b"Content-Type: multipart/report; boundary=a\n\n" + b"--a\nContent-Type: multipart/report; boundary=a\n\n" * 3000
)
@example(report(mail(MARK)).replace(b"message/delivery-status", b"message/delivery-status; charset=utf-7", 1))
@example(
    b"Content-Type: multipart/report; boundary=a\n\n--a\nContent-Type: message/delivery-status\n\n\xff\xfe: \n--a--"
)
def test_whatever_comes_is_a_report_or_none(raw: bytes) -> None:
    found = dsn.read(raw)
    assert found is None or (found.mark and 0 < len(found.why) <= 200)


@given(st.text(max_size=60))
def test_only_our_own_mark_is_read(message: str) -> None:
    mark = MARKS.mark(message)
    assert MARKS.read(mark) == message
    assert MARKS.read(f" {mark}\n") == message
    assert Marks(b"other" * 7).read(mark) is None
    for altered in (mark[:-1], mark + "A", "A" + mark, mark.replace(".", ""), f"{mark[:-1]}é", ""):
        assert MARKS.read(altered) in (None, "") or altered == mark
