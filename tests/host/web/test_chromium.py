"""The page in a real browser: live, honest when it is not, readable by everyone."""

import threading
import time

import msgspec
import pytest

from host.web.browser import CONTRAST, Browser
from host.web.scene import NOW, FakeSource, StillClock, alert, point, rich
from paraat.domain.facts import Author, Counted
from paraat.domain.model import BatteryLeft, OffGrid
from paraat.domain.passages import Present
from paraat.domain.readiness import Verdict
from paraat.domain.remarks import Remark
from paraat.domain.upkeep import Task, TaskState, Upkeep
from paraat.simulate.servers import free_port
from paraat.web.app import create_app
from paraat.web.server import Handle, serve
from paraat.web.source import Stand
from paraat.web.texts import Words

pytestmark = pytest.mark.needs("chromium", "chromedriver")


class RunningClock(StillClock):
    """Simulated time, as in the demo."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed
        self._start = time.monotonic()

    def now(self) -> float:
        return NOW + (time.monotonic() - self._start) * self._speed


class StuckSource(FakeSource):
    """A source that stops answering: a lock that is never given back."""

    def __init__(self) -> None:
        scene = rich()
        super().__init__(scene.points, scene.firing)
        self.free = threading.Event()
        self.free.set()

    def stand(self) -> Stand:
        self.free.wait()
        return super().stand()


def statuses(browser: Browser) -> list[str]:
    """The visible status of each card, in order."""
    return [
        said.strip()
        for said in browser.run("return [...document.querySelectorAll('.card .status')].map(e => e.innerText)")
    ]


# --- it is live


def test_a_change_appears_without_a_reload_and_touches_only_its_card(
    browser: Browser, web: Handle, source: FakeSource
) -> None:
    browser.open(web.url)
    browser.run("window.same = document.querySelector('[data-key=nsp-0102]')")
    source.points[0] = point("nsp-0101", values={"fuel/level": 9.0}, verdict=Verdict.NOT_READY, autonomy=None)
    source.change()
    browser.until_text("9 %", "[data-key=nsp-0101]")
    assert browser.run("return window.same === document.querySelector('[data-key=nsp-0102]')")
    order = "return [...document.querySelectorAll('.card')].map(e => e.dataset.key)"
    assert browser.run(order)[:2] == ["nsp-0101", "nsp-0102"]
    assert browser.text(".count.alarm").split() == ["2", "niet", "gereed"]
    assert browser.driver.title == "(2) Paraat – Veiligheidsregio Voorbeeld"
    assert browser.errors() == []


def test_a_new_alert_is_announced_once_and_goes_when_it_is_over(
    browser: Browser, web: Handle, source: FakeSource
) -> None:
    source.firing = []
    browser.open(web.url)
    assert browser.text("#alerts-none") == "Geen meldingen."
    source.firing = [alert()]
    source.change()
    browser.until_text("Brandstof raakt op – Sporthal De Zuiderpoort", "#alerts")
    announced = "return document.querySelector('[aria-live=polite]').textContent"
    assert browser.run(announced) == "Nieuwe melding: Brandstof raakt op, Sporthal De Zuiderpoort"
    source.firing = []
    source.change()
    browser.until_text("Geen meldingen.", ".alerts")


def test_ages_tick_at_the_speed_of_the_service_clock(browser: Browser) -> None:
    source = FakeSource([point(read_at=NOW - 60)])
    source.clock = RunningClock(speed=600)
    web = serve(create_app(source), "127.0.0.1", 0)
    try:
        browser.open(web.url)
        browser.until("return Math.abs(clock.rate - 600) < 60")  # measured by the page from what the server says
        shown, *ages_s = browser.run(
            "const t = Number(document.querySelector('.card time.age').dataset.t), before = clock.now() - t;"
            "tick(); return [document.body.innerText, before, clock.now() - t]"
        )
        assert any(f"gemeten {Words('nl').ago(age_s)}" in shown for age_s in ages_s)
    finally:
        web.stop()


def test_a_page_of_an_older_build_reloads_itself(browser: Browser, web: Handle) -> None:
    browser.open(web.url)
    browser.run("window.old = true; document.documentElement.dataset.build = 'older'")
    browser.run("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    browser.until("return window.old === undefined && document.querySelector('.is-live') !== null")


# --- it never says fine when it cannot know


def assert_takes_its_word_back(browser: Browser) -> None:
    assert all(status.startswith("Onbekend") for status in statuses(browser))
    assert browser.text("#live") == "niet live"
    assert browser.driver.title.startswith("Deze pagina is niet meer live")
    assert browser.run("return document.querySelector('#dead').getAttribute('role')") == "alert"
    top = browser.run("scrollTo(0, 9999); return document.querySelector('#dead').getBoundingClientRect().top")
    assert top == 0, "the warning stays in sight"
    shown = browser.run(
        "return [...document.querySelectorAll('.count b')]"
        ".map(e => getComputedStyle(e, '::after').content + getComputedStyle(e).fontSize)"
    )
    assert shown == ['"?"0px'] * 9


def test_a_dead_server_is_said_loudly_and_a_new_one_is_found(browser: Browser, source: FakeSource) -> None:
    web = serve(create_app(source), "127.0.0.1", free_port())
    browser.open(web.url)
    assert "Gereed" in statuses(browser)
    web.stop()
    browser.until_text("Deze pagina is niet meer live.", "#dead")
    assert "Geen verbinding sinds 17:00." in browser.text("#dead")
    assert_takes_its_word_back(browser)
    assert "Onbekend (laatst bekend: Gereed)" in [" ".join(s.split()) for s in statuses(browser)]

    source.points = [msgspec.structs.replace(one, verdict=Verdict.LIMITED) for one in source.points]
    web = serve(create_app(source), "127.0.0.1", web.port)
    try:
        browser.until("return document.querySelector('.is-live') !== null")
        assert statuses(browser) == ["Beperkt"] * 6
        assert browser.text("#dead") == ""
    finally:
        web.stop()


def test_a_server_that_hangs_is_noticed_by_its_silence(browser: Browser) -> None:
    source = StuckSource()
    web = serve(create_app(source), "127.0.0.1", 0)
    try:
        browser.open(web.url)
        source.free.clear()
        # The page trusts neither of its two clocks alone: one that jumps ahead counts as silence.
        browser.run("const real = Date.now; Date.now = () => real.call(Date) + 9000")
        browser.until_text("Deze pagina is niet meer live.", "#dead")
        assert_takes_its_word_back(browser)
        source.free.set()
        browser.until("return document.querySelector('.is-live') !== null")
        assert "Gereed" in statuses(browser)
    finally:
        source.free.set()
        web.stop()


def test_a_source_that_fails_is_said_loudly(
    browser: Browser, web: Handle, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    browser.open(web.url)
    source.error = OSError("disk gone")
    source.change()
    browser.until_text("De dienst kan de stand niet berekenen.", "#dead")
    assert_takes_its_word_back(browser)
    source.error = None
    source.change()
    browser.until("return document.querySelector('.is-live') !== null")


def test_without_a_script_the_page_is_whole_and_says_of_when_it_is(browser: Browser, web: Handle) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(web.url, live=False)
        document = browser.command("DOM.getDocument", depth=0)["root"]["nodeId"]
        html = browser.command("DOM.getOuterHTML", nodeId=document)["outerHTML"]
        assert "Stand van 24-11-2025 17:00:00." in html
        assert "Sporthal De Zuiderpoort" in html
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


# --- everyone can read it


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1600, 3840])
def test_nothing_sticks_out(browser: Browser, web: Handle, source: FakeSource, width: int) -> None:
    unbroken = point("nsp-0103", name="Dorpshuis" * 12, municipality="Voorbeeldstad" * 9)
    source.points[2] = msgspec.structs.replace(
        unbroken, verdict=Verdict.LIMITED, missing=123456, reasons=("reden" * 20,)
    )
    source.firing.append(alert("regel" * 20, "nsp-0103", id=12))
    browser.open(web.url, width, 800)
    out = browser.run(
        "return [...document.querySelectorAll('body *')]"
        ".filter(e => !e.closest('.unseen, .skip, svg') && e.getClientRects().length"
        " && e.getBoundingClientRect().right > innerWidth + 0.5)"
        ".map(e => e.className || e.tagName)"
    )
    assert out == []
    assert browser.run("return document.documentElement.scrollWidth") == width
    assert browser.run("return innerWidth") == width


def test_the_contrast_meter_finds_grey_on_grey(browser: Browser, web: Handle) -> None:
    browser.open(web.url)
    browser.run("document.querySelector('h1').style.color = '#3a6a60'")
    assert [text for text, _ in browser.run(CONTRAST)] == ["Veiligheidsregio Voorbeeld"]


@pytest.mark.parametrize("dead", [False, True], ids=["live", "dead"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_aa(browser: Browser, web: Handle, source: FakeSource, scheme: str, dead: bool) -> None:
    source.checks = [msgspec.structs.replace(check, ok=False) for check in source.checks]
    browser.open(web.url, prefers_color_scheme=scheme)
    assert "geen verbinding met de broker" in browser.text("#host")
    if dead:
        web.stop()
        browser.until_text("niet meer live", "#dead")
    assert browser.run(CONTRAST) == []


def test_status_is_told_by_a_word_and_a_shape_of_its_own(browser: Browser, web: Handle) -> None:
    browser.open(web.url)
    told = browser.run(
        "return [...document.querySelectorAll('.card .now')]"
        ".map(e => [e.textContent.trim(), e.querySelector('use').getAttribute('href')])"
    )
    assert {tuple(pair) for pair in told} == {
        ("Niet gereed", "#i-alarm"),
        ("Stil (was: Beperkt)", "#i-stale"),
        ("Onbekend", "#i-unknown"),
        ("Beperkt", "#i-attention"),
        ("Gereed", "#i-fine"),
    }
    shapes = browser.run(
        "return ['alarm', 'stale', 'unknown', 'attention', 'fine']"
        ".map(s => document.querySelector(`symbol#i-${s}`).innerHTML)"
    )
    assert len(set(shapes)) == 5


def test_stale_and_unknown_figures_are_hatched_and_fine_ones_are_not(browser: Browser, web: Handle) -> None:
    browser.open(web.url)
    pattern = "return getComputedStyle(document.querySelector(arguments[0])).backgroundImage"
    assert "repeating-linear-gradient" in browser.run(pattern, ".card.stale .values")
    assert "repeating-linear-gradient" in browser.run(pattern, ".card.unknown .fuel")
    assert browser.run(pattern, ".card.fine .values") == "none"
    assert "Cijfers van 83 min geleden" in browser.text(".card.stale")


def test_a_screen_reader_finds_its_way(browser: Browser, web: Handle) -> None:
    browser.open(web.url)
    tree = browser.command("Accessibility.getFullAXTree")["nodes"]
    named = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]}
    assert ("heading", "Veiligheidsregio Voorbeeld") in named
    assert ("heading", "Meldingen") in named
    assert ("article", "Sporthal De Zuiderpoort") in named
    assert ("region", "Punten, ergste eerst") in named
    assert ("link", "Naar de punten") in named
    assert ("main", "") in named
    assert ("list", "Stand van de punten") in named
    levels = browser.run("return [...document.querySelectorAll('h1,h2,h3')].map(e => e.tagName)")
    assert levels == ["H1", "H2", "H2", "H3", "H2"] + ["H3"] * 6 + ["H2"]  # banner, alerts, code, points, dialog
    ids = browser.run("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_on_paper_nothing_depends_on_colour_and_ages_have_a_date(browser: Browser, web: Handle) -> None:
    browser.open(web.url)
    browser.command("Emulation.setEmulatedMedia", media="print")
    after = (
        "const age = document.querySelector('.card.fine footer .age');return getComputedStyle(age, '::after').content"
    )
    assert "24-11-2025 16:59:40" in browser.run(after)
    assert "Niet gereed" in statuses(browser)
    colours = browser.run("return [...document.querySelectorAll('.card *')].map(e => getComputedStyle(e).color)")
    greys = {tuple(colour[4:-1].split(", ")) for colour in colours}
    assert all(len(set(grey)) == 1 for grey in greys)
    browser.command("Emulation.setEmulatedMedia", media="")


def test_english_when_the_site_says_so(browser: Browser) -> None:
    web = serve(create_app(rich("en")), "127.0.0.1", 0)
    try:
        browser.open(web.url)
        assert browser.run("return document.documentElement.lang") == "en"
        seen = browser.text()
        for words in (
            "Fuel is running out",
            "empty around 19:25",
            "mains out",
            "12.1 V",
            "83 min ago",
        ):
            assert words in seen
    finally:
        web.stop()


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_refused(browser: Browser, web: Handle) -> None:
    browser.open(web.url)
    fetched = browser.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert fetched
    assert all(name.startswith(web.url + "/") for name in fetched)
    assert browser.errors() == [], "a line here is a refusal by the CSP or an error of the script"
    assert browser.driver.get_cookies() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_of_a_point_fits_a_phone_and_can_be_read(
    browser: Browser, web: Handle, source: FakeSource, width: int, scheme: str
) -> None:
    tasks = (
        Task(kind="check", state=TaskState.UNKNOWN, code="never-checked"),
        Task(kind="fuel-age", state=TaskState.OVERDUE, code="delivered", t=NOW, due_at=NOW),
    )
    source.points[0] = point(
        people=Present(people=90, low=82, high=98, t=NOW, counted_at=NOW, counted_by="Jan"),
        remarks=(Remark(code="full", bad=True, metric="people/present", value=90.0, limit=60.0),),
        off_grid=OffGrid(hours_low=2.3, hours=3, hours_high=4, source="fuel+battery"),
        battery=BatteryLeft(hours=1, load_w=600.0, source="load"),
        upkeep=Upkeep(tasks=tasks),
    )
    browser.open(f"{web.url.rstrip('/')}/upkeep", width, 800, live=False, prefers_color_scheme=scheme)
    assert browser.run("return document.documentElement.scrollWidth") == width
    assert browser.run(CONTRAST) == []
    browser.open(f"{web.url.rstrip('/')}/points/nsp-0101", width, 800, live=False, prefers_color_scheme=scheme)
    assert browser.run("return document.documentElement.scrollWidth") == width
    level = "return document.querySelector('.litres').getBoundingClientRect().right <= innerWidth"
    assert browser.run(level), "the litres are not cut off"
    assert browser.run(CONTRAST) == []


def test_a_point_is_counted_from_its_page(browser: Browser, web: Handle, source: FakeSource) -> None:
    from selenium.webdriver.common.by import By

    browser.open(f"{web.url.rstrip('/')}/points/nsp-0101", 390, 800, live=False)
    form = browser.driver.find_element(By.CSS_SELECTOR, "form[action$='/count']")
    form.find_element(By.NAME, "people").send_keys("84")
    form.find_element(By.NAME, "by").send_keys("Fatima")
    form.find_element(By.TAG_NAME, "button").click()
    assert "Dit is vastgelegd." in browser.text(".kept")
    (fact,) = source.facts
    assert (fact.told, fact.author) == (Counted(point="nsp-0101", people=84), Author(name="Fatima", way="page"))
