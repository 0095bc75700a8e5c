"""Every fault that `kwm exchange --faults` knows, and what our client believes after it: nothing that is not so."""

import asyncio

import pytest

from core import messages as m
from core.errors import Malformed, OutcomeUnknown, Throttled
from core.exchange.venue import USER
from core.units import Instant
from tests.core.exchange_client.faulted import CREATE, fault, faulted, resolved

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("toml", "timeout"),
    [(fault("ack_lost", CREATE), 3.0), (fault("error_after_accept", CREATE, status=500), 3.0),
     (fault("timeout", CREATE, seconds=0.9), 0.3)],
    ids=["ack_lost", "error_after_accept", "timeout"],
)  # fmt: skip
async def test_an_order_whose_ack_is_lost_is_unknown_and_found_by_our_own_id(toml: str, timeout: float) -> None:
    async with faulted(toml, timeout=timeout) as place:
        (said,) = await place.rest.perform(place.bid("kwm-1"))
        assert isinstance(said, m.Unknown) and said.client_order_id == "kwm-1"
        place.rest.sdk.timeout_s = 3.0
        found = await resolved(place, "kwm-1")
        assert found is not None and (found.status, found.remaining) == ("resting", 1000)
        assert len(place.venue.exchange.resting[USER]) == 1, "nothing was sent twice"


async def test_a_5xx_of_an_order_that_was_never_taken_is_unknown_too_and_found_not_to_exist() -> None:
    async with faulted(fault("error_before_accept", CREATE)) as place:
        (said,) = await place.rest.perform(place.bid("kwm-1"))
        assert isinstance(said, m.Unknown)
        assert await resolved(place, "kwm-1") is None


async def test_a_429_storm_is_unsent_and_ends() -> None:
    async with faulted(fault("throttled", at=[1], seconds=0.3)) as place:
        for k in range(3):
            (said,) = await place.rest.perform(place.bid(f"kwm-{k}"))
            assert isinstance(said, m.NotSent) and said.throttled
        with pytest.raises(Throttled):
            await place.rest.report_orders()
        await asyncio.sleep(0.35)
        assert isinstance((await place.rest.perform(place.bid("kwm-9")))[0], m.Acked)
        assert len((await place.rest.report_orders()).orders) == 1


async def test_a_cancel_that_comes_after_the_fill_is_not_found_and_the_fill_is() -> None:
    async with faulted(fault("filled_before_cancel", "DELETE")) as place:
        (acked,) = await place.rest.perform(place.bid("kwm-1"))
        assert isinstance(acked, m.Acked)
        (said,) = await place.rest.perform(m.CancelOrder(acked.order_id, "kwm-1", place.ticker))
        assert isinstance(said, m.CancelNotFound)
        (filled,) = await place.rest.fills_since(Instant(0))
        found = await resolved(place, "kwm-1")
        assert filled.count == 1000 and found is not None and (found.status, found.filled) == ("executed", 1000)


async def test_a_fill_that_comes_before_the_ack_is_the_same_order() -> None:
    async with faulted(fault("fill_before_ack", CREATE, seconds=0.3), streaming=True) as place:
        asked = asyncio.create_task(place.rest.perform(place.bid("kwm-1")))
        await place.belief.until(lambda: bool(place.belief.fills))
        assert not asked.done()
        (acked,) = await asked
        (filled,) = place.belief.fills.values()
        assert isinstance(acked, m.Acked) and (filled.client_order_id, filled.order_id) == ("kwm-1", acked.order_id)
        assert acked.filled == 0, "the answer tells what was so when it was made; the fill is news of later"


async def test_pages_of_one_row_are_read_to_their_end() -> None:
    async with faulted(fault("partial_page", "GET")) as place:
        for k in range(4):
            await place.rest.perform(place.bid(f"kwm-{k}", 3000 + 100 * k))
        assert len((await place.rest.report_orders()).orders) == 4
        place.sell(4000)
        assert len(await place.rest.fills_since(Instant(0))) == 4
        assert [x.position for x in (await place.rest.report_positions()).positions] == [4000]


async def test_a_clock_that_runs_away_declines_and_nothing_is_placed() -> None:
    async with faulted(fault("clock_skew", seconds=60.0)) as place:
        (said,) = await place.rest.perform(place.bid("kwm-1"))
        assert isinstance(said, m.Rejected) and said.code == "unauthorized"
        assert place.venue.exchange.resting[USER] == {}


@pytest.mark.parametrize(
    "toml",
    [fault(kind, "orderbook_delta", at=[4]) for kind in ("gap", "duplicate", "reorder", "seq_reset")]
    + [fault(kind, "orderbook_delta", at=[4]) for kind in ("channel_error", "overflow", "disconnect")]
    + [fault("silent", "orderbook_delta", at=[4], seconds=0.2), fault("slow", "orderbook_delta", seconds=0.01),
       fault("removed_field", "orderbook_delta", at=[4], field="price_dollars"),
       fault("removed_field", "orderbook_delta", at=[4], field="delta_fp"),
       fault("unknown_enum", "orderbook_delta", at=[4], field="side"),
       fault("added_field", "orderbook_delta", field="moon")],
    ids=lambda toml: toml.splitlines()[1] + toml.splitlines()[-1],
)  # fmt: skip
async def test_a_book_is_right_or_suspect_and_right_again_when_the_fault_is_over(toml: str) -> None:
    async with faulted(toml, streaming=True) as place:
        for _ in range(8):
            place.crowd(1)
            await asyncio.sleep(0.03)
            known = {k: v for k, v in place.belief.books.get(place.ticker, {}).items() if v}
            if not any(f'"{kind}"' in toml for kind in ("slow", "silent", "reorder", "gap", "disconnect")):
                assert known == place.truth() or place.ticker in place.belief.suspect
        await asyncio.sleep(0.25)
        place.crowd(2)
        await place.belief.until(place.believes_rightly)
        moved = {"gap", "duplicate", "reorder", "seq_reset", "channel_error", "overflow", "silent", "disconnect",
                 "removed_field", "unknown_enum"}  # fmt: skip
        if any(f'"{kind}"' in toml for kind in moved):
            assert {"Gap", "Disconnected"} & place.belief.kinds(), "it was said that the book is suspect"


@pytest.mark.parametrize("kind", ["duplicate", "reorder", "gap", "disconnect"])
async def test_fills_are_counted_once_each_whatever_the_stream_does_to_them(kind: str) -> None:
    async with faulted(fault(kind, "fill", at=[2]), streaming=True) as place:
        await place.belief.until(lambda: sum(isinstance(x, m.StreamOpened) for x in place.belief.heard) >= 6)
        await place.rest.perform(place.bid("kwm-1"))
        for _ in range(4):
            place.sell(100)
            await asyncio.sleep(0.05)
        for found in await place.rest.fills_since(Instant(0)):  # what the engine asks after a reconnect and on a timer
            place.belief.fills[(found.trade_id, found.order_id)] = found
        assert sum(x.count for x in place.belief.fills.values()) == 400
        assert (await place.rest.report_positions()).positions[0].position == 400


async def test_a_conversation_without_its_fills_is_begun_anew() -> None:
    async with faulted(fault("channel_error", "fill", at=[1]), streaming=True) as place:
        await place.belief.until(lambda: "Connected" in place.belief.kinds())
        await place.rest.perform(place.bid("kwm-1"))
        place.sell(100)  # the fill that is told to nobody
        await place.belief.until(lambda: sum(isinstance(x, m.Connected) for x in place.belief.heard) == 2)
        (ended,) = [x for x in place.belief.heard if isinstance(x, m.Disconnected)]
        assert ended.words.startswith("fill: error 10"), "everything is reconciled: there is no other way up"


async def test_a_removed_money_field_is_never_read_as_nought() -> None:
    for name, ask in (("balance_dollars", "balance"), ("position_fp", "report_positions"),
                      ("remaining_count_fp", "report_orders"), ("yes_price_dollars", "report_orders")):  # fmt: skip
        async with faulted(fault("removed_field", "GET", field=name)) as place:
            await place.rest.perform(place.bid("kwm-1"))
            place.sell(100)
            with pytest.raises(Malformed, match=name):
                await getattr(place.rest, ask)()


async def test_an_accepted_order_whose_answer_lost_its_counts_is_unknown() -> None:
    async with faulted(fault("removed_field", CREATE, field="remaining_count")) as place:
        (said,) = await place.rest.perform(place.bid("kwm-1"))
        assert isinstance(said, m.Unknown)
        assert await resolved(place, "kwm-1") is not None


async def test_fields_that_nobody_knows_change_nothing() -> None:
    async with faulted(fault("added_field", field="moon"), streaming=True) as place:
        (said,) = await place.rest.perform(place.bid("kwm-1"))
        assert isinstance(said, m.Acked)
        assert len((await place.rest.report_orders()).orders) == 1
        await place.belief.until(place.believes_rightly)


async def test_a_status_that_nobody_knows_says_nothing_certain_and_stops_no_other_order() -> None:
    async with faulted(fault("unknown_enum", "user_orders", at=[1], field="status"), streaming=True) as place:
        await place.belief.until(lambda: sum(isinstance(x, m.StreamOpened) for x in place.belief.heard) >= 6)
        await place.rest.perform(place.bid("kwm-1"))
        await place.rest.perform(place.bid("kwm-2", 2900))
        await place.belief.until(lambda: any(isinstance(x, m.Acked) for x in place.belief.heard))
        assert {x.client_order_id for x in place.belief.heard if isinstance(x, m.Acked)} == {"kwm-2"}
        assert len((await place.rest.report_orders()).orders) == 2


async def test_a_timeout_of_a_question_is_an_unknown_outcome_and_nothing_else() -> None:
    async with faulted(fault("timeout", "GET", seconds=0.9), timeout=0.2) as place:
        with pytest.raises(OutcomeUnknown):
            await place.rest.report_orders()
