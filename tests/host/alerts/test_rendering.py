"""What a message says of itself, in the words of the moment at which it leaves."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from paraat.alerts.outgoing import Outgoing
from paraat.alerts.rendering import Renderer
from paraat.domain.model import AlertState, Delivery
from paraat.domain.roster import Person
from paraat.domain.subjects import Subject
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.site import Site, load_site

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=ZONE).timestamp()
ANNA = Person(id="anna", name="Anna", reach={"sms": ("+31612345678",)})


class Codes:
    """Answers that can be told apart."""

    def code(self, alert: int, person: str) -> str:
        return f"12{alert:02}"

    def link(self, alert: int, person: str, message_key: str, now: float) -> str | None:
        return f"https://cp.example.nl/seen/{alert}"

    def list_code(self, row: int, person: str) -> str:
        return f"123{row:02}"

    def list_link(self, row: int, person: str, now: float) -> str | None:
        return f"https://cp.example.nl/seen/L{row}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    directory: Path = paths.example_site_dir()
    return load_site(directory)


def low(at: float = NOW, **changes: object) -> AlertState:
    alert = AlertState(
        rule="low_fuel", subject=Subject("point", "nsp-0101"), state="firing", since=at, severity="critical", id=12, fired_at=at,
        turned_at=at, detail={"hours": 4.2, "hours_low": 3.1, "hours_high": 5.0, "percent": 18.0, "litres": 72.0, "data_t": at - 60,
        "empty_at": at + 4 * 3600, "refuel_before": at + 3 * 3600},
    )  # fmt: skip
    return msgspec.structs.replace(alert, **changes)


def row(alert: AlertState, reason: str = "turn-1", rung: str = "lead", due_at: float = NOW) -> Delivery:
    return Delivery(
        alert_id=alert.id, reason=reason, rung=rung, person="anna", channel="sms", address="+31612345678", created_at=due_at,
        due_at=due_at, first_due_at=due_at, id=1,
    )  # fmt: skip


def said(site: Site, *found: tuple[AlertState, Delivery], held: int = 0, now: float = NOW) -> tuple[str, str, str]:
    """(subject, body, short)"""
    renderer = Renderer(site, Codes(), lambda _: held)
    outgoing = Outgoing(ANNA, "sms", "+31612345678", tuple(delivery for _, delivery in found))
    message = renderer.message(outgoing, {alert.id: alert for alert, _ in found}, now)
    assert len(message.short) <= 160
    assert renderer.failed == {}
    return message.subject, message.body, message.short


def test_a_message_in_time_says_how_to_answer_and_nothing_of_itself(site: Site) -> None:
    subject, body, short = said(site, (low(), row(low())))
    assert subject == "Brandstof raakt op: Buurthuis De Linde, nog 4,2 uur"
    assert body.startswith("Noodsteunpunt")
    assert "https://cp.example.nl/seen/12" in body
    assert "tot het een uur goed is" not in body  # that of one that comes and goes
    assert short.endswith(" OK/NEE 1212")


def test_a_late_message_says_when_it_was_measured_with_the_date_of_another_day(site: Site) -> None:
    late = low(at=NOW - 10 * 3600)
    subject, body, _ = said(site, (late, row(late, due_at=NOW - 10 * 3600)))
    assert subject.startswith("Vertraagd bericht: ")
    assert "Vertraagd: gemeten 26-11 22:59." in body
    subject, body, _ = said(site, (low(), row(low(), due_at=NOW - 301)))
    assert "Vertraagd: gemeten 08:59." in body
    assert not said(site, (low(), row(low(), due_at=NOW - 299)))[0].startswith("Vertraagd")


@pytest.mark.parametrize(
    ("alert", "delivery", "subject", "body"),
    [
        (low(), row(low(), "reminder-1-1"), "Nog geen antwoord: ", "Nog niemand heeft gezegd"),
        (low(turn=2), row(low(), "turn-2"), "Erger geworden: ", "Het is erger geworden"),
        (low(flapping=True), row(low()), "Komt en gaat: ", "tot het een uur goed is"),
        (low(), row(low(), rung="deputy"), "", "Nu bent u aan de beurt"),
        (low(), row(low(), "copy-1", "coordination"), "", "Ter informatie"),
        (low(), row(low(), "turn-1+"), "", "Misschien kreeg u dit bericht al eerder"),
    ],
)
def test_it_says_why_this_person_gets_it_now(
    site: Site, alert: AlertState, delivery: Delivery, subject: str, body: str
) -> None:
    told, text, _ = said(site, (alert, delivery))
    assert told.startswith(f"{subject}Brandstof")
    assert body in text


@pytest.mark.parametrize(
    ("delivery", "begin"),
    [
        (row(low()), "Buurthuis"),
        (row(low(), rung="deputy"), "Geen antwoord. Nu u: Buurthuis"),
        (row(low(), "copy-1", "coordination"), "Ter info: Buurthuis"),
        (row(low(), "reminder-1-1", "deputy"), "Nog geen antwoord: Buurthuis"),
    ],
)
def test_an_sms_says_why_this_person_gets_it_too(site: Site, delivery: Delivery, begin: str) -> None:
    short = said(site, (low(), delivery))[2]
    assert short.startswith(begin)
    assert short.endswith("dit? Antwoord OK/NEE 1212" if "Ter info" not in begin else ". Antwoord OK 1212")


def test_a_list_of_several_kinds_says_what_is_the_matter_where_and_what_to_do(site: Site) -> None:
    down = low(id=13, rule="generator_down", detail={"off_at": NOW, "battery_h": None, "data_t": NOW})
    _, body, short = said(site, (low(), row(low())), (down, row(down)))
    assert short.startswith(
        "1 Buurthuis De Linde: bestel brandstof, in de tank voor 12:00. 2 Buurthuis De Linde: laat iemand "
    )
    assert body.count("\n  Doe nu: ") == 2


def test_a_list_with_deeds_that_an_sms_cannot_hold_says_what_is_the_matter_where(site: Site) -> None:
    down = low(id=13, rule="generator_down", detail={"off_at": NOW, "battery_h": None, "data_t": NOW})
    third = msgspec.structs.replace(low(id=14), subject=Subject("point", "nsp-0102"))
    short = said(site, (low(), row(low())), (down, row(down)), (third, row(third)))[2]
    assert short.startswith(
        "Brandstof raakt op: Buurthuis De Linde, Sporthal Het Anker; Geen stroom: aggregaat draait niet: "
    )
    assert len(short) <= 160


@pytest.mark.parametrize("phone", [None, "030-1234567"])
def test_who_is_to_call_has_the_number(site: Site, phone: str | None) -> None:
    place = msgspec.structs.replace(site.points["nsp-0101"], phone=phone)
    site = msgspec.structs.replace(site, points=site.points | {place.id: place})
    silent = low(rule="point_silent", detail={"heard_at": NOW - 600})
    _, body, short = said(site, (silent, row(silent)))
    assert f"Bel {phone or 'wie daar is'}, of kijk of er stroom is" in short
    assert ("bel het noodsteunpunt (030-1234567) of" in body) is (phone is not None)


def test_what_explains_others_says_how_many(site: Site) -> None:
    broker = low(
        rule="broker_unreachable", subject=Subject("broker", "broker"), role="coordination", detail={"why": None}
    )
    _, body, _ = said(site, (broker, row(broker, rung="coordination")), held=60)
    assert "Daardoor zijn ook 60 punten stil" in body


def test_a_point_that_was_taken_out_does_not_seem_recovered(site: Site) -> None:
    gone = low(state="resolved", resolved_at=NOW, left=True, subject=Subject("point", "nsp-0999"))
    subject, body, short = said(site, (gone, row(gone, "left")))
    assert subject == "Niet meer bewaakt: nsp-0999"
    assert "Dat betekent niet dat het over is" in body
    assert "OK" not in short


def test_a_person_has_his_own_language(site: Site) -> None:
    renderer = Renderer(site, None, lambda _: 0)
    jane = msgspec.structs.replace(ANNA, language="en")
    message = renderer.message(Outgoing(jane, "sms", "x", (row(low()),)), {12: low()}, NOW)
    assert message.subject.startswith("Fuel runs out")
    assert (message.code, message.link) == ("", None)


def test_several_are_one_message_with_a_list_the_urgent_on_top(site: Site) -> None:
    names = sorted(site.points)
    alerts = [low(id=n, subject=Subject("point", name)) for n, name in enumerate(names, 1)]
    subject, body, short = said(site, *((alert, row(alert)) for alert in alerts))
    assert subject == f"{len(names)} punten met bijna lege tank"
    assert all(site.points[name].name in body for name in names)
    assert short.startswith(subject)
    assert short.endswith(" Doet u dit alles? Antwoord OK/NEE 12301")
    assert body.endswith("één keer voor de hele lijst: https://cp.example.nl/seen/L1")
    warning = low(
        id=98,
        rule="text_failed",
        subject=Subject("text", "x"),
        severity="warning",
        detail={"text": "x", "failed_at": NOW},
    )
    over = low(id=99, state="resolved", resolved_at=NOW)
    assert "OK" not in said(site, (over, row(over, "resolved")), (over, row(over, "resolved")))[2]
    subject, body, _ = said(site, (over, row(over, "resolved")), (warning, row(warning)), (alerts[0], row(alerts[0])))
    assert subject == "3 meldingen"
    lines = [line for line in body.splitlines() if line.startswith("- ")]
    assert [line[:14] for line in lines] == ["- Brandstof ra", "- Een bericht ", "- Hersteld: ge"]


class Broken(Codes):
    """The site's own key cannot be read: nothing that proves an answer can be made."""

    def code(self, alert: int, person: str) -> str:
        raise SettingsError(Path("acknowledge.key"), "", "mode 0644", "mode 0600")

    def list_code(self, row: int, person: str) -> str:
        raise SettingsError(Path("acknowledge.key"), "", "mode 0644", "mode 0600")


@pytest.mark.parametrize("several", [False, True], ids=["one", "a list"])
def test_where_what_goes_around_a_text_fails_the_text_goes_out_and_the_fault_is_known(
    site: Site, several: bool, caplog: pytest.LogCaptureFixture
) -> None:
    alerts = [low(), low(id=13, subject=Subject("point", "nsp-0102"), severity="warning")][: 2 if several else 1]
    renderer = Renderer(site, Broken(), lambda _: 0)
    outgoing = Outgoing(ANNA, "sms", "+31612345678", tuple(row(alert) for alert in alerts))
    found = [renderer.message(outgoing, {alert.id: alert for alert in alerts}, now) for now in (NOW, NOW + 60)]
    assert found[0] == found[1]
    message = found[0]
    assert (message.to, message.key, message.firing, message.severity) == (
        "+31612345678", outgoing.key, True, "critical",
    )  # fmt: skip
    for alert in alerts:
        assert site.points[alert.subject.id].name in message.body
    assert "4,2" in message.body
    assert "Buurthuis" in message.short
    assert (message.code, message.link, len(message.short) <= 160) == ("", None, True)
    assert renderer.failed == {"message": NOW + 60}
    assert len([record for record in caplog.records if "has no words" in record.message]) == 1


def test_an_alert_whose_text_fails_goes_out_in_plain_figures_alone_and_in_a_list(site: Site) -> None:
    unsaid = low(id=14, rule="brand_new", wording="firing")
    renderer = Renderer(site, Codes(), lambda _: 0)
    for alerts in ([unsaid], [unsaid, low()]):
        outgoing = Outgoing(ANNA, "sms", "+31612345678", tuple(row(alert) for alert in alerts))
        message = renderer.message(outgoing, {alert.id: alert for alert in alerts}, NOW)
        assert "brand_new (firing): Buurthuis De Linde" in message.body
        assert "OK" in message.short
    assert renderer.failed == {"brand_new.firing": NOW}
