"""What the coordination point does with an alert in a real browser: it is heard, seen, acknowledged, and typed in."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from host.web.browser import CONTRAST, Browser
from host.web.scene import NOW, FakeSource, alert, rich
from paraat.domain.facts import Acknowledged, Counted
from paraat.domain.radio import COUNT, Code
from paraat.domain.told import Told
from paraat.web.app import create_app
from paraat.web.server import Handle, serve

pytestmark = pytest.mark.needs("chromium", "chromedriver")

# Counts what the page sounds, and keeps its context from really playing.
EARS = """
window.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.tones += 1; return start.apply(this, when); };
"""
CODE = str(Code(COUNT, "KXRTA", 84))


@pytest.fixture
def page(browser: Browser, web: Handle) -> Iterator[Browser]:
    """The status page as a browser shows it that nobody has touched yet."""
    browser.open(web.url)
    browser.run("localStorage.clear()")
    browser.open(web.url)
    browser.run(EARS)
    yield browser
    browser.run("localStorage.clear()")


def click(browser: Browser, selector: str) -> None:
    """A press as a person makes it: what a browser lets sound."""
    from selenium.webdriver.common.by import By

    browser.driver.find_element(By.CSS_SELECTOR, selector).click()


def type_in(browser: Browser, selector: str, text: str) -> None:
    from selenium.webdriver.common.by import By

    field = browser.driver.find_element(By.CSS_SELECTOR, selector)
    field.clear()
    field.send_keys(text)


def acknowledge(browser: Browser, name: str, button: str = "#banner button") -> None:
    click(browser, button)
    type_in(browser, "#who input", name)
    click(browser, "#who button[type=submit]")


# --- the banner and the list


def test_an_alert_is_acknowledged_at_the_screen_with_a_name(page: Browser, source: FakeSource) -> None:
    assert page.text("#banner").split("\n")[0] == "Nog niemand pakt dit op"
    assert "Brandstof raakt op – Sporthal De Zuiderpoort" in page.text("#banner")
    click(page, "#banner button")
    assert page.text("#who-head") == "Wie pakt dit op?"
    assert page.text("#who-what") == "Brandstof raakt op, Sporthal De Zuiderpoort"
    type_in(page, "#who input", "  ")
    click(page, "#who button[type=submit]")
    assert source.facts == [], "no name, no acknowledgement"
    type_in(page, "#who input", "Fatima")
    click(page, "#who button[type=submit]")
    page.until("return document.querySelector('#banner').childElementCount === 0")
    page.until("return !document.querySelector('#who').open")
    (fact,) = source.facts
    assert (fact.told, fact.author.name, fact.author.way) == (Acknowledged(alert=7), "Fatima", "page")
    page.until_text("gezien door Fatima, 17:00", "#alerts")
    assert not page.run("return document.querySelector('button[data-asks=\"7\"]')")
    assert page.errors() == []


def test_the_name_is_remembered_and_a_screen_s_next_user_writes_over_it(page: Browser, source: FakeSource) -> None:
    source.firing = [alert(), alert("help_asked", id=8)]
    source.change()
    page.until("return document.querySelectorAll('#banner button').length === 2")
    acknowledge(page, "Fatima")
    page.until("return !document.querySelector('#who').open")
    source.facts = []
    click(page, "#alerts button[data-asks='8']")
    assert page.run("return document.querySelector('#who input').value") == "Fatima"
    assert page.run("return getSelection().toString()") == "Fatima", "typing writes over it"


def test_a_keyboard_is_enough(page: Browser, source: FakeSource) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    page.driver.find_element(By.CSS_SELECTOR, "#banner button").send_keys(Keys.ENTER)
    page.driver.switch_to.active_element.send_keys("Jan", Keys.ENTER)
    page.until("return document.querySelector('#banner').childElementCount === 0")
    assert [fact.author.name for fact in source.facts] == ["Jan"]


def test_what_cannot_be_kept_is_said_and_stays_open(page: Browser, source: FakeSource) -> None:
    source.firing = [alert("low_fuel", id=99)]
    source.change()
    page.until("return document.querySelector('#banner button[data-asks=\"99\"]')")
    source.firing = []  # it is over, and the page does not know yet
    acknowledge(page, "Jan")
    page.until_text("Niet bewaard:", "#who-said")
    assert page.run("return document.querySelector('#who').open")


def test_who_was_told_stands_under_an_alert_and_stays_open_when_it_changes(page: Browser, source: FakeSource) -> None:
    def told(**fields: Any) -> Told:
        plain: dict[str, Any] = {
            "reason": "turn-1", "rung": "lead", "name": "Jan de Vries", "channel": "email", "state": "sent",
            "due_at": NOW - 700, "at": NOW - 660, "attempts": 2, "answer": "taken by mx.example.org",
        }  # fmt: skip
        return Told(**(plain | fields))

    screen = told(rung="log", name="log", channel="log", answer="in het log gezet; open pagina's: 1")
    source.told[7] = [told(), screen]
    source.change()
    page.until("return document.querySelector('#alerts [data-key^=\"low_fuel/point/nsp-0102\"] details')")
    assert page.text("#alerts summary") == "Wie is gewaarschuwd (2)"
    click(page, "#alerts summary")
    assert "log (scherm en log), log: verstuurd - in het log gezet; open pagina's: 1" in page.text("#alerts .told")
    assert page.text("#alerts .told li") == "16:49 Jan de Vries (leider), email: verstuurd - taken by mx.example.org"
    source.told[7] = [told(), told(rung="coordination", name="CP", channel="sms", state="due", at=None, answer="")]
    source.change()
    page.until_text("vanaf 16:48 CP (coördinatiepunt), sms: wacht", "#alerts .told")


# --- sound


def test_sound_is_off_until_somebody_turns_it_on_and_that_is_seen(page: Browser) -> None:
    assert page.text("#sound") == "Geluid staat uit: zet het aan"
    assert page.run("return document.querySelector('#sound').getAttribute('aria-pressed')") == "false"
    page.run("soundIfNeeded()")
    assert page.run("return window.tones") == 0
    click(page, "#sound")
    page.until("return window.tones === 1")  # it shows that it works
    assert page.text("#sound") == "Geluid staat aan"
    page.run("soundIfNeeded()")
    assert page.run("return window.tones") == 7
    click(page, "#sound")
    page.until_text("Geluid staat uit", "#sound")
    page.run("soundIfNeeded()")
    assert page.run("return window.tones") == 7
    assert page.errors() == []


def test_a_new_alert_sounds_at_once_and_no_more_once_somebody_sees_to_it(page: Browser, source: FakeSource) -> None:
    source.firing = [alert("point_silent", severity="warning", id=6)]
    source.change()
    page.until("return document.querySelector('#banner').childElementCount === 0")
    click(page, "#sound")
    page.until("return window.tones === 1")
    page.run("soundIfNeeded()")
    assert page.run("return window.tones") == 1, "a warning is shown, and does not sound"
    source.firing = [alert()]
    source.change()
    page.until("return window.tones === 7")
    acknowledge(page, "Fatima")
    page.until("return document.querySelector('#banner').childElementCount === 0")
    page.run("window.tones = 0; soundIfNeeded()")
    assert page.run("return window.tones") == 0


def test_a_page_that_is_no_longer_live_sounds_too(page: Browser, web: Handle, source: FakeSource) -> None:
    source.firing = []
    source.change()
    click(page, "#sound")
    page.until("return window.tones === 1")
    web.stop()
    page.until("return document.documentElement.classList.contains('is-dead')")
    page.run("window.tones = 0; soundIfNeeded()")
    assert page.run("return window.tones") == 6


def test_after_a_reload_the_first_touch_brings_the_sound_back(page: Browser, web: Handle) -> None:
    click(page, "#sound")
    page.until_text("Geluid staat aan", "#sound")
    page.open(web.url)
    assert page.text("#sound") == "Geluid staat uit: zet het aan", "what a browser does not allow is not promised"
    click(page, "h1")
    page.until_text("Geluid staat aan", "#sound")


def test_a_screen_that_was_started_for_it_sounds_after_a_reload_by_itself(web: Handle, tmp_path: Path) -> None:
    with closing(Browser(tmp_path, "--autoplay-policy=no-user-gesture-required")) as kiosk:  # as docs/alerts.md says
        kiosk.open(web.url)
        assert kiosk.text("#sound") == "Geluid staat uit: zet het aan", "nobody has asked for it yet"
        click(kiosk, "#sound")
        kiosk.until_text("Geluid staat aan", "#sound")
        kiosk.open(web.url)
        kiosk.until_text("Geluid staat aan", "#sound")


# --- a code over the radio


def test_a_code_is_typed_in_and_what_to_read_back_is_said(page: Browser, source: FakeSource) -> None:
    type_in(page, "#code input[name=code]", CODE.lower())
    type_in(page, "#code input[name=by]", "Fatima")
    click(page, "#code button")
    page.until_text("84 mensen in Sporthal De Zuiderpoort, zegt Fatima.", "#code-said")
    first, second = source.answers.book.answer(Code(COUNT, "KXRTA", 84))
    assert page.text("#code-said").endswith(f"Lees voor als antwoord: {first} {second}")
    (fact,) = source.facts
    assert (fact.told, fact.author.way) == (Counted(point="nsp-0102", people=84), "radio")
    type_in(page, "#code input[name=code]", CODE[:-1] + ("A" if CODE[-1] != "A" else "C"))
    click(page, "#code button")
    page.until_text("Er is een teken fout", "#code-said")
    assert page.run("return document.querySelector('#code-said').getAttribute('role')") == "status"


# --- the link in a mail


def test_a_link_opens_two_buttons_and_the_first_acknowledges(browser: Browser, web: Handle, source: FakeSource) -> None:
    browser.open(f"{web.url}/seen/7", 360, 740, live=False)
    assert browser.text("h1") == "Brandstof raakt op – Sporthal De Zuiderpoort"
    assert "Jan de Vries, pakt u dit op?" in browser.text()
    assert source.facts == [], "looking acknowledges nothing"
    assert browser.run("return document.querySelectorAll('button, a, input, script').length") == 2
    assert browser.run("return document.documentElement.scrollWidth") == 360
    assert browser.run(CONTRAST) == []
    click(browser, "button")
    browser.until_text("Dank u wel")
    assert [(fact.author.name, fact.author.way) for fact in source.facts] == [("Jan de Vries", "link")]
    browser.open(f"{web.url}/seen/7", 360, 740, live=False)
    assert "Deze melding is voorbij. U hoeft niets te doen." in browser.text()
    assert not browser.run("return document.querySelector('button')")
    assert [entry for entry in browser.errors() if "410" not in entry] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dialog_and_the_banner_can_be_read_and_fit_a_phone(page: Browser, web: Handle, scheme: str) -> None:
    page.open(web.url, 360, 740, prefers_color_scheme=scheme)
    click(page, "#banner button")
    out = page.run(
        "return [...document.querySelectorAll('#banner *, dialog *, #code *')]"
        ".filter(e => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 0.5)"
        ".map(e => e.tagName)"
    )
    assert out == []
    assert page.run(CONTRAST) == []
    small = page.run(
        "return [...document.querySelectorAll('#banner button, dialog button, dialog input, #code button, #sound')]"
        ".filter(e => e.getBoundingClientRect().height < 43).map(e => e.textContent)"
    )
    assert small == [], "a thumb needs 44 pixels"


def test_a_screen_reader_hears_the_banner_and_finds_the_dialog(page: Browser) -> None:
    click(page, "#banner button")
    tree = page.command("Accessibility.getFullAXTree")["nodes"]
    named = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]}
    assert ("dialog", "Wie pakt dit op?") in named
    assert ("textbox", "Uw naam") in named
    assert page.run("return document.querySelector('#banner').getAttribute('role')") == "alert"


def test_in_english(browser: Browser) -> None:
    web = serve(create_app(rich("en")), "127.0.0.1", 0)
    try:
        browser.open(web.url)
        assert browser.text("#banner").startswith("Nobody sees to this yet")
        assert browser.text("#sound").strip() == "Sound is off: turn it on"
    finally:
        web.stop()
