"""Every fault that `kwm exchange --faults` knows, and what our client believes after it: nothing that is not so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

from core import messages as m
from core.errors import Malformed, OutcomeUnknown, SettingsError, Throttled
from core.exchange.command import exchange as command
from core.exchange.faults import BODY_KINDS, KINDS, REST_KINDS, STREAM_KINDS, parse
from core.exchange.faulty import Faulty
from core.exchange.traders import NOISE
from core.exchange.venue import USER
from core.units import Count, Instant, Price
from tests.core.exchange_client.loopback import Place, new_venue, serving

pytestmark = pytest.mark.slow
CREATE = "POST /portfolio/events/orders"


class Belief:
    """What a client believes that does what the engine does: books from the stream, fills from everywhere."""

    def __init__(self) -> None:
        self.heard: list[m.Said] = []
        self.books: dict[str, dict[tuple[m.Side, int], int]] = {}
        self.suspect: set[str] = set()
        self.fills: dict[tuple[str, str], m.Fill] = {}

    def hear(self, said: m.Said) -> None:
        self.heard.append(said)
        match said:
            case m.BookSnapshot():
                self.books[said.ticker] = {(m.Side.BID, p): c for p, c in said.bids} | {
                    (m.Side.ASK, p): c for p, c in said.asks}  # fmt: skip
                self.suspect.discard(said.ticker)
            case m.BookDelta():
                book, key = self.books.setdefault(said.ticker, {}), (said.side, said.price)
                book[key] = book.get(key, 0) + said.change
            case m.Fill():
                self.fills[(said.trade_id, said.order_id)] = said
            case m.Gap():
                self.suspect |= set(said.tickers)
            case m.Disconnected():
                self.suspect |= set(self.books)
            case _:
                pass

    def kinds(self) -> set[str]:
        return {type(x).__name__ for x in self.heard}

    async def until(self, true: Callable[[], bool], within: float = 9.0) -> None:
        async with asyncio.timeout(within):
            while not true():
                await asyncio.sleep(0.01)


class Faulted(Place):
    """A place whose exchange has faults, and what we believe of it."""

    belief: Belief

    @property
    def ticker(self) -> str:
        return self.markets[0].ticker

    def bid(self, name: str, price: int = 3000) -> m.PlaceOrder:
        return m.PlaceOrder(name, self.ticker, m.Side.BID, Price(price), Count(1000))

    def crowd(self, n: int) -> None:
        """The others change the book `n` times."""
        for k in range(n):
            name = f"crowd-{self.venue.exchange._n}-{k}"
            self.venue.request(
                NOISE, m.PlaceOrder(name, self.ticker, m.Side.ASK, Price(8000 + 100 * (k % 9)), Count(100))
            )

    def sell(self, count: int, price: int = 3000) -> None:
        taker = m.PlaceOrder(f"sell-{self.venue.exchange._n}", self.ticker, m.Side.ASK, Price(price), Count(count),
                             post_only=False)  # fmt: skip
        self.venue.request(NOISE, taker)

    def truth(self) -> dict[tuple[m.Side, int], int]:
        book = self.venue.exchange.snapshot(self.ticker)
        return {(m.Side.BID, p): c for p, c in book.bids} | {(m.Side.ASK, p): c for p, c in book.asks}

    def believes_rightly(self) -> bool:
        book = {k: v for k, v in self.belief.books.get(self.ticker, {}).items() if v}
        return self.ticker not in self.belief.suspect and book == self.truth()


@contextlib.asynccontextmanager
async def faulted(toml: str, *, streaming: bool = False, timeout: float = 3.0) -> AsyncIterator[Faulted]:
    venue, markets, credentials, app = new_venue()
    async with serving(Faulty(app, venue, parse(toml))) as port:
        to = Place.to(venue, credentials, port, markets)
        place = Faulted(to.venue, to.credentials, to.port, to.rest, to.markets)
        place.rest.sdk.timeout_s, place.belief = timeout, Belief()
        task = None
        if streaming:
            stream = place.stream()
            stream.watch({place.ticker})
            task = asyncio.create_task(stream.run(place.belief.hear))
            await place.belief.until(lambda: "BookSnapshot" in place.belief.kinds() or "Gap" in place.belief.kinds())
        try:
            yield place
        finally:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await place.rest.close()


def fault(kind: str, on: str = "", **more: object) -> str:
    rows = [f"{k} = {str(v).lower() if isinstance(v, bool) else v!r}" for k, v in more.items()]
    return "\n".join(["[[fault]]", f'kind = "{kind}"', f'on = "{on}"', *rows])


async def resolved(place: Faulted, name: str) -> m.OrderView | None:
    """What the exchange says of our own id, as the engine asks after an unknown outcome."""
    return (await place.rest.look_up(name, place.ticker)).order


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


async def test_a_pause_in_the_middle_of_a_batch_refuses_the_rest_of_it_by_name() -> None:
    async with faulted(fault("pause_in_batch", "POST", seconds=30.0)) as place:
        orders = [{"ticker": place.ticker, "client_order_id": str(k), "side": "bid", "count": "1.00", "price": "0.1000",
                   "time_in_force": "good_till_canceled", "self_trade_prevention_type": "taker_at_cross",
                   "cancel_order_on_pause": True} for k in range(4)]  # fmt: skip
        answers = (await place.rest.sdk.client.batch_create_orders_v2(orders=orders)).orders
        assert [x.error.code if x.error else "" for x in answers] == ["", "", *["trading_is_paused"] * 2]
        assert (await place.rest.report_orders()).orders == [], "the first two asked to go on a pause"
        (said,) = await place.rest.perform(place.bid("kwm-1"))
        assert isinstance(said, m.Rejected) and said.code == "trading_is_paused"


async def test_a_trading_pause_takes_cancels_and_no_orders_and_says_so() -> None:
    async with faulted(fault("trading_pause", "GET /portfolio/balance", at=[1], seconds=0.3)) as place:
        stays = replace(place.bid("kwm-1"), cancel_on_pause=False)
        (acked,) = await place.rest.perform(stays)
        await place.rest.perform(place.bid("kwm-2", 2900))
        assert isinstance(acked, m.Acked) and (await place.rest.status()).trading
        await place.rest.balance()
        status = await place.rest.status()
        assert (status.trading, status.active, status.resumes_at) == (False, True, None)
        (said,) = await place.rest.perform(place.bid("kwm-3"))
        assert isinstance(said, m.Rejected) and said.code == "trading_is_paused"
        assert [o.client_order_id for o in (await place.rest.report_orders()).orders] == ["kwm-1"]
        (gone,) = await place.rest.perform(m.CancelOrder(acked.order_id, "kwm-1", place.ticker))
        assert isinstance(gone, m.Gone)
        await asyncio.sleep(0.4)
        place.venue.tick(0.1)
        assert (await place.rest.status()).trading
        assert isinstance((await place.rest.perform(place.bid("kwm-4")))[0], m.Acked)


async def test_an_exchange_pause_takes_nothing_answers_questions_and_estimates_its_end() -> None:
    async with faulted(fault("exchange_pause", "GET /portfolio/balance", at=[1], seconds=0.3)) as place:
        (acked,) = await place.rest.perform(replace(place.bid("kwm-1"), cancel_on_pause=False))
        assert isinstance(acked, m.Acked)
        await place.rest.balance()
        status = await place.rest.status()
        assert (status.trading, status.active) == (False, False)
        assert status.resumes_at is not None and status.resumes_at > status.at
        for request in (
            place.bid("kwm-2"),
            m.CancelOrder(acked.order_id, "kwm-1", place.ticker),
            m.CreateGroup("", Count(100)),
        ):
            (said,) = await place.rest.perform(request)
            assert isinstance(said, m.Unknown), "a 503 does not say that nothing happened"
        assert [o.client_order_id for o in (await place.rest.report_orders()).orders] == ["kwm-1"]
        await asyncio.sleep(0.4)
        place.venue.tick(0.1)
        assert (await place.rest.status()).active
        assert isinstance((await place.rest.perform(m.CancelOrder(acked.order_id, "kwm-1", place.ticker)))[0], m.Gone)


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


def test_every_fault_of_the_list_has_a_word_and_is_of_one_kind() -> None:
    assert len(KINDS) == len(REST_KINDS) + len(STREAM_KINDS) + len(BODY_KINDS) == 24
    assert all(KINDS.values())


def test_one_file_is_one_history_of_faults() -> None:
    toml = 'seed = 7\n[[fault]]\nkind = "gap"\nprobability = 0.3\n'
    runs = [[bool(plan.due(STREAM_KINDS, "fill")) for _ in range(200)] for plan in (parse(toml), parse(toml))]
    assert runs[0] == runs[1] and 30 < sum(runs[0]) < 90


@pytest.mark.parametrize(
    ("toml", "words"),
    [("nonsense", "not TOML"), ("sed = 1", "sed"), ('[[fault]]\nkind = "gpa"', "kind"), ("[[fault]]\non = 'x'", "kind"),
     ('[[fault]]\nkind = "gap"\nat = [0]', "at"), ("[[fault]]\nkind = 'gap'\nat = [1]\nprobability = 1", "one of them"),
     ('[[fault]]\nkind = "removed_field"', "needs the name"),
     ("[[fault]]\nkind = 'gap'\nprobability = 2", "probability"),
     ('[[fault]]\nkind = "timeout"\nseconds = "long"', "seconds")],
)  # fmt: skip
def test_a_faults_file_that_is_wrong_says_where(toml: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse(toml)


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_plan_or_an_error_with_its_reason(text: str) -> None:
    with contextlib.suppress(SettingsError):
        parse(text)


def test_the_command_refuses_a_faults_file_that_is_not_there() -> None:
    found = CliRunner().invoke(command, ["--faults", "/nowhere/at/all.toml"])
    assert isinstance(found.exception, SettingsError) and "cannot be read" in str(found.exception)
