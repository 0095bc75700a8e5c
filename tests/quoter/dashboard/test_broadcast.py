"""The stream: everything first, then what changes; who comes back with an id gets what it missed."""

import asyncio
import json
from typing import Any

from quoter.dashboard.broadcast import Broadcast


def data(message: bytes) -> dict[str, Any]:
    line = next(x for x in message.splitlines() if x.startswith(b"data: "))
    found: dict[str, Any] = json.loads(line[6:])
    return found


def ident(message: bytes) -> str:
    return message.splitlines()[0].removeprefix(b"id: ").decode()


async def read(cast: Broadcast, last: str, number: int) -> list[bytes]:
    """The first messages with data of a client that begins with `last`; the quoter ticks meanwhile."""
    found: list[bytes] = []
    stop = asyncio.Event()
    async for message in cast.follow(last, stop):
        if b"data: " in message:
            found.append(message)
        if len(found) == number:
            break
    return found


async def test_only_what_changed_is_sent() -> None:
    cast = Broadcast("r1")
    await cast.tick([("a", 1), ("b", 1)])
    await cast.tick([("a", 1), ("b", 2)])
    await cast.tick([("a", 1), ("b", 2)])
    assert cast.n == 2, "nothing changed, nothing is sent"
    assert data(cast.deltas[-1][1]) == {"set": {"b": 2}, "gone": []}
    await cast.tick([("b", 2)])
    assert data(cast.deltas[-1][1]) == {"set": {}, "gone": ["a"]}


async def test_a_client_gets_everything_and_then_the_news() -> None:
    cast = Broadcast("r1")
    cast.watchers = 1  # somebody else looks already
    await cast.tick([("a", 1)])
    reading = asyncio.create_task(read(cast, "", 2))
    await asyncio.sleep(0)
    await cast.tick([("a", 2)])
    first, second = await asyncio.wait_for(reading, 2)
    assert b"event: snapshot" in first and data(first)["set"] == {"a": 1}
    assert b"event: delta" in second and data(second)["set"] == {"a": 2}


async def test_the_first_to_look_waits_for_a_fresh_view() -> None:
    cast = Broadcast("r1")
    await cast.tick([("a", 1)])
    reading = asyncio.create_task(read(cast, "", 1))
    await asyncio.sleep(0)
    await cast.tick([("a", 2)])
    assert data((await asyncio.wait_for(reading, 2))[0])["set"] == {"a": 2}


async def test_who_comes_back_gets_what_it_missed_and_no_more() -> None:
    cast = Broadcast("r1")
    cast.watchers = 1
    for value in range(5):
        await cast.tick([("a", value)])
    missed = await read(cast, "r1.3", 2)
    assert [ident(m) for m in missed] == ["r1.4", "r1.5"]


async def test_an_id_of_another_run_or_of_long_ago_gets_everything() -> None:
    cast = Broadcast("r2")
    cast.watchers = 1
    for value in range(400):
        await cast.tick([("a", value)])
    for last in ("r1.399", "r2.3", "r2.4000", "nonsense", "r2.-1", "r2.٣"):
        (first,) = await read(cast, last, 1)
        assert b"event: snapshot" in first, last
