"""Halt, SIGTERM and SIGINT with hundreds of orders: ours are proved gone within five seconds; the journal says how
long."""

import asyncio
import re
import signal
import time

import httpx
import pytest

from tests.system.desk import Desk

pytestmark = pytest.mark.slow
MANY = 300


async def test_a_halt_a_sigterm_and_a_sigint_leave_nothing_and_the_journal_says_how_long(desk: Desk) -> None:
    catalog = await desk.open_exchange()
    try:
        await desk.publish(catalog)
        quoter = desk.start("quoter", "quote")
        await desk.until(catalog, 10_000, MANY, 90.0)
        token = (desk.data / "live" / "token").read_text().strip()
        page = f"http://127.0.0.1:{desk.environment['KWM_DASHBOARD__PORT']}"
        headers = {"Authorization": f"Bearer {token}"}
        httpx.post(f"{page}/api/risk/halt", headers=headers, timeout=10.0).raise_for_status()
        assert await desk.until(catalog, 0, 0, 20.0) < 5.0
        ends = time.monotonic() + 10.0
        while not desk.notes("halted") and time.monotonic() < ends:
            await asyncio.sleep(0.2)
        said = desk.notes("halted")[0]
        assert "none rests" in said
        assert float(re.findall(r"([\d.]+) s after", said)[0]) < 5.0
        httpx.post(f"{page}/api/strategy/resume", headers=headers, timeout=10.0).raise_for_status()
        await desk.until(catalog, 10_000, MANY, 90.0)
        for run, number in enumerate((signal.SIGTERM, signal.SIGINT)):
            quoter.send_signal(number)
            assert await desk.until(catalog, 0, 0, 20.0) < 5.0
            assert await asyncio.to_thread(quoter.wait, 15) == 0
            assert re.search(r"none left, verified in [0-4]\.\d\d s", desk.notes("stopped")[run])
            if number is signal.SIGTERM:
                quoter = desk.start("again", "quote")
                await desk.until(catalog, 10_000, MANY // 5, 90.0, "again")
    finally:
        await catalog.sdk.close()
