"""One headless Chromium for the browser tests."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.system.house import ROOT

SHOTS = ROOT / "ci-artefacts"
_QUIET = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,1000",
)  # fmt: skip


class Look:
    """A browser with the few things the tests do."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def text(self, css: str) -> str:
        return str(self.driver.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", css))

    def count(self, css: str) -> int:
        return len(self.driver.find_elements(By.CSS_SELECTOR, css))

    def click(self, css: str) -> None:
        found = self.driver.find_element(By.CSS_SELECTOR, css)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
        found.click()

    def go(self, view: str) -> None:
        self.driver.execute_script("location.hash = arguments[0]", "#/" + view)

    def size(self, width: int, scheme: str) -> None:
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def shot(self, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        self.driver.save_screenshot(str(Path(SHOTS / f"{name}.png")))

    def until(self, what: str, check: Callable[[], object], within_s: float = 25.0) -> None:
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            if check():
                return
            time.sleep(0.2)
        self.shot("failed-" + what.replace(" ", "-"))
        raise AssertionError(f"{what}: not within {within_s:.0f} s; the toast says {self.text('#toast')!r}")


@pytest.fixture(scope="session")
def look(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """Skips where there is no Chromium."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium and chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (*_QUIET, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options, Service(driver))
    yield Look(browser)
    browser.quit()
