"""The dashboard in a real browser: see quotes, look into an event, halt, see the orders go, resume."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.system.house import ROOT, House

pytestmark = pytest.mark.browser
SHOTS = ROOT / "ci-artefacts"


@pytest.fixture(scope="module")
def page(running: House) -> Iterator[webdriver.Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium and chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1000"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options, Service(driver))
    browser.get(running.dashboard)
    yield browser
    browser.quit()


def until(what: str, check: Callable[[], object], within_s: float = 20.0) -> None:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if check():
            return
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {within_s:.0f} s")


def text(page: webdriver.Chrome, what: str) -> str:
    return str(page.find_element(By.ID, what).text)


def shot(page: webdriver.Chrome, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    page.save_screenshot(str(Path(SHOTS / f"{name}.png")))


def test_in_one_look_it_says_how_it_is(page: webdriver.Chrome) -> None:
    until("the state", lambda: text(page, "state").lower() == "quoting")
    assert text(page, "environment").lower() == "embedded"
    assert "$" in text(page, "pnl") and "$" in text(page, "worst")
    assert "orders" in text(page, "orders")
    assert len(page.find_elements(By.CSS_SELECTOR, "#events tbody tr")) >= 20
    assert not [line for line in page.get_log("browser") if line["level"] == "SEVERE"]


def test_an_event_shows_its_brackets_and_why_a_side_is_not_quoted(page: webdriver.Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, "#events tbody tr").click()
    until("the detail", lambda: page.find_element(By.ID, "detail").is_displayed())
    detail = text(page, "detail")
    assert "°" in detail
    shot(page, "event-1280-light")


def test_a_row_keeps_the_focus_while_the_figures_change(page: webdriver.Chrome) -> None:
    row = page.find_element(By.CSS_SELECTOR, "#events tbody tr")
    page.execute_script("arguments[0].focus()", row)
    before = text(page, "age")
    until("new figures", lambda: text(page, "age") != before)
    assert page.switch_to.active_element == row


def test_it_lives(page: webdriver.Chrome) -> None:
    before = text(page, "feed") + text(page, "age")
    until("new figures", lambda: text(page, "feed") + text(page, "age") != before)


def test_halt_takes_the_orders_away_and_resume_brings_them_back(page: webdriver.Chrome, running: House) -> None:
    page.find_element(By.ID, "halt").click()
    if alert := _alert(page):
        alert.accept()
    until("halted", lambda: text(page, "state").lower() == "halted")
    until("no orders", lambda: running.api("/api/status")["working"] == 0)
    shot(page, "halted-1280-light")
    page.find_element(By.ID, "resume").click()
    if alert := _alert(page):
        alert.accept()
    until("quoting again", lambda: running.api("/api/status")["working"] > 20, 40)


def _alert(page: webdriver.Chrome):
    from selenium.common.exceptions import NoAlertPresentException

    time.sleep(0.3)
    try:
        return page.switch_to.alert
    except NoAlertPresentException:
        return None


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_readable_on_a_laptop_and_a_phone_in_light_and_dark(page: webdriver.Chrome, width: int, scheme: str) -> None:
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    time.sleep(0.5)
    shot(page, f"page-{width}-{scheme}")
    page.execute_script("document.getElementById('top').scrollIntoView()")
    shot(page, f"top-{width}-{scheme}")
    wide = page.execute_script(
        "return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.tagName + '#' + e.id + '.' + e.className + ' ' + e.textContent.slice(0, 30))"
    )
    assert wide == [], "wider than the window"
    dark = page.execute_script(
        "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    assert (dark < 300) == (scheme == "dark")
