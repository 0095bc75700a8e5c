"""Who may change something, where the page is reached from another machine, and under which names it answers."""

import asyncio
from pathlib import Path

import httpx
import pytest

from quoter.dashboard.app import Dashboard
from quoter.dashboard.guard import COOKIE, known_host
from tests.quoter.dashboard.room import TOKEN, dashboard

HERE, ELSEWHERE = "127.0.0.1", "192.0.2.7"


def get(board: Dashboard, path: str, peer: str, **cookies: str) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(board.application(), client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HERE}:8410", cookies=cookies) as http:
            return await http.get(path)

    return asyncio.run(once())


@pytest.fixture
def board(tmp_path: Path) -> Dashboard:
    return dashboard(tmp_path)[0]


def test_the_page_on_this_machine_may_change_something(board: Dashboard) -> None:
    assert get(board, "/", HERE).cookies[COOKIE] == TOKEN
    assert get(board, "/", HERE, **{COOKIE: "of-another-data-folder"}).cookies[COOKIE] == TOKEN


def test_the_page_of_another_machine_only_looks_until_it_was_opened_with_the_token(board: Dashboard) -> None:
    assert COOKIE not in get(board, "/", ELSEWHERE).cookies
    assert COOKIE not in get(board, "/?token=guessed", ELSEWHERE).cookies
    opened = get(board, f"/?token={TOKEN}", ELSEWHERE)
    assert (opened.status_code, opened.headers["location"], opened.cookies[COOKIE]) == (303, "/", TOKEN)


@pytest.mark.parametrize(("serves", "host", "known"), [
    ("127.0.0.1", "127.0.0.1:8410", True), ("127.0.0.1", "localhost:8410", True), ("127.0.0.1", "[::1]:8410", True),
    ("127.0.0.1", "evil.example:8410", False), ("127.0.0.1", "192.0.2.7:8410", False), ("127.0.0.1", "", False),
    ("0.0.0.0", "127.0.0.1:8410", True), ("0.0.0.0", "192.0.2.7:8410", True), ("0.0.0.0", "quoter:8410", True),
    ("0.0.0.0", "evil.example:8410", False), ("0.0.0.0", "", False), ("kwm.example", "kwm.example:8410", True),
])  # fmt: skip
def test_a_name_that_could_be_anybodys_is_refused_wherever_we_listen(serves: str, host: str, known: bool) -> None:
    assert known_host(host, serves) is known


def test_another_host_name_is_refused_on_every_address_too(board: Dashboard) -> None:
    settings = board.live.settings
    everywhere = settings.dashboard.model_copy(update={"host": "0.0.0.0"})
    board.live.settings = settings.model_copy(update={"dashboard": everywhere})

    async def once() -> int:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(board.application()), base_url="http://evil.example"
        ) as http:
            return (await http.get("/")).status_code

    assert asyncio.run(once()) == 403
