"""Nobody can take production for anything else, nor a day's loss for a pause: pages of states that are made here."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from selenium.webdriver.support.expected_conditions import alert_is_present
from selenium.webdriver.support.wait import WebDriverWait

from quoter.dashboard.app import Dashboard
from quoter.engine.state import DAILY_LOSS
from tests.browser.conftest import Look
from tests.quoter.dashboard.room import many, obey
from tests.system.house import free_ports

pytestmark = pytest.mark.browser


@contextlib.contextmanager
def served(board: Dashboard) -> Iterator[str]:
    """The page of a quoter that is nowhere but in this test."""
    (port,) = free_ports(1)
    web = uvicorn.Server(
        uvicorn.Config(board.application(), port=port, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    )

    def run() -> None:
        async def both() -> None:
            feeding = asyncio.create_task(board.keep_framing())
            await web.serve()
            feeding.cancel()

        asyncio.run(both())

    thread = threading.Thread(target=run)
    thread.start()
    while not web.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    web.should_exit = True
    board.live.stopping.set()
    thread.join(10)


@pytest.fixture
def production(tmp_path: Path) -> Iterator[str]:
    """It says that it is in production."""
    board = many(tmp_path, 4)
    board.reads.environment = "production"
    with served(board) as url:
        yield url


def test_production_is_written_over_the_whole_page(look: Look, production: str) -> None:
    look.driver.get(production)
    look.size(1280, "light")
    look.until("the environment", lambda: look.text("#environment") == "production")
    assert look.text("#real") == "Production: real money"
    assert look.driver.title.startswith("REAL")
    look.shot("production-1280-light")


def test_the_page_is_there_within_a_second(look: Look, production: str) -> None:
    """The best of three loads: the machine's other work is not the page's."""
    timing = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
    taken = []
    for _ in range(3):
        look.driver.get(production)
        look.until("the state", lambda: look.text("#state") == "quoting")
        taken.append(look.driver.execute_script(timing))
    assert 0 < min(taken) <= 1_000, taken


def test_after_the_daily_loss_resume_asks_whether_the_loss_is_accepted(look: Look, tmp_path: Path) -> None:
    board = many(tmp_path, 4)
    state = board.live.state
    state.halted = f"{DAILY_LOSS}: 201.00 dollars"
    with served(board) as url:
        look.driver.get(url)
        look.until("halted", lambda: look.text("#state") == "halted")
        assert "201.00 dollars" in look.text("#trouble")
        for accepts in (False, True):
            look.click("#resume")
            asked = WebDriverWait(look.driver, 10).until(alert_is_present())
            assert "201.00 dollars" in asked.text and "Accept the loss and quote again?" in asked.text
            if accepts:
                asked.accept()
            else:
                asked.dismiss()
                time.sleep(0.5)
                assert obey(board) == [] and state.halted, "no is no"
        look.until("it was told", lambda: obey(board))
        assert not state.halted
        look.until("quoting", lambda: look.text("#state") == "quoting")


def test_halt_on_a_page_whose_quoter_is_gone_says_so_and_what_cancels_without_it(look: Look, tmp_path: Path) -> None:
    with served(many(tmp_path, 4)) as url:
        look.driver.get(url)
        look.until("quoting", lambda: look.text("#state") == "quoting")
    look.click("#halt")
    look.until("the toast", lambda: "kwm kill" in look.text("#toast"))
    look.until("no word", lambda: look.text("#state") == "no word")
    assert look.driver.title.startswith("NO WORD")
    assert "what you see is old" in look.text("#trouble") and "kwm kill" in look.text("#trouble")
    look.shot("no-word-1280-light")
