"""How fast the heart is: from a frame's bytes to an approved request among 240 markets, and steps a second."""

import dataclasses
import statistics
import time

import msgspec
import pytest

from core import messages as m
from core.contract import LINEAR_CENT
from core.exchange.session import Session
from core.exchange.subscriptions import Sid
from core.publication import EventFair, MarketFair, Publication, PublishedLimits
from core.risk.limits import Approved
from core.units import DAY, SECOND, Count, Instant, Money, Price, money
from quoter.engine import events as e
from quoter.engine.state import State, new_state
from quoter.engine.step import step
from tests.bench.conftest import Keep
from tests.stories.stage import START, make_config

pytestmark = [pytest.mark.bench, pytest.mark.slow]
EVENTS, BRACKETS = 40, 6
FAIR = 1 / BRACKETS
BEST_BID = Price(1_300)


def answered(state: State, actions: list[object], now: Instant) -> int:
    """The exchange takes everything; how many requests there were."""
    sent = 0
    for action in actions:
        if not isinstance(action, Approved):
            continue
        sent += 1
        r = action.request
        match r:
            case m.CreateGroup():
                sent += answered(state, step(state, m.GroupCreated(now, r.name, f"og-{r.name}", r.limit)), now)
            case m.PlaceOrder():
                step(state, m.Acked(now, r.client_order_id, f"x{r.client_order_id}", r.ticker, r.side, r.price,
                                    Count(0), r.count, r.expires_at))  # fmt: skip
            case m.AmendOrder():
                step(state, m.Acked(now, r.client_order_id, r.order_id, r.ticker, r.side, r.price, Count(0), r.total,
                                    r.expires_at))  # fmt: skip
            case m.CancelOrder():
                step(state, m.Gone(now, r.client_order_id, r.ticker, r.order_id, Count(0)))
    return sent


def publication(now: Instant) -> Publication:
    """240 brackets, each worth a sixth."""
    until, close = Instant(now + 3_600 * SECOND), Instant(START + 2 * DAY)
    events = []
    for n in range(EVENTS):
        name = f"KXHIGH{n:02}-26NOV25"
        markets = [
            MarketFair(f"{name}-B{k}", k, k, FAIR, 0.004, 0.0, FAIR, None, list(LINEAR_CENT.ranges), close, 70_000, 0)
            for k in range(BRACKETS)
        ]
        events.append(
            EventFair(name, f"K{n:03}", f"city {n}", "high", "2026-11-25", START, close, 46.0, 2.5, None, 1.0, [], {},
                      until, [], [], money("60.00"), markets)
        )  # fmt: skip
    limits = PublishedLimits(money("9000.00"), money("900.00"), money("900.00"))
    return Publication(f"{now:020d}", "r", "bench", now, until, events, {}, limits)


def quoting() -> State:
    """An engine with two orders resting in each of 240 markets."""
    limits = dataclasses.replace(make_config().limits, max_loss_total=money("9000.00"))
    config = make_config(token_burst=1e9, tokens_per_ns=1.0, limits=limits)
    state = new_state(config, "r1", START)
    state.budget.tokens = 1e9
    now = START
    step(state, e.Started(now, "r1", "2026-11-24", Money(0)))
    step(state, m.Connected(now))
    step(state, m.OrdersReported(now, now, []))
    step(state, m.PositionsReported(now, now, [], money("10000.00")))
    told = publication(now)
    for event in told.events:
        for market in event.markets:
            step(state, m.BookSnapshot(now, market.ticker, [(BEST_BID, Count(10_000)), (Price(900), Count(10_000))],
                                       [(Price(2_000), Count(10_000)), (Price(2_500), Count(10_000))]))  # fmt: skip
    answered(state, step(state, e.Published(now, told)), now)
    state.rows.clear()
    assert state.working() == 2 * EVENTS * BRACKETS
    return state


def frame(ticker: str, cents: int, change: int, seq: int) -> bytes:
    """A change of the best bid, as the exchange writes it."""
    body = {"market_ticker": ticker, "market_id": "9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1", "clock": seq,
            "price_dollars": f"{cents / 100:.4f}", "delta_fp": f"{change}.00", "side": "yes",
            "ts": "2026-11-24T20:44:01Z", "ts_ms": 1_795_500_000_000}  # fmt: skip
    said = {"type": "orderbook_delta", "sid": 1, "seq": seq, "sending_ts_ms": 1_795_500_000_123, "msg": body}
    return msgspec.json.encode(said)


def frame_to_request() -> tuple[float, float]:
    """Somebody takes the best bid away, and puts it back: each time our bid must follow. Bytes in, request out.

    The median and the 99th percentile in microseconds, each of the quietest round: others use the machine too.
    """
    state, rounds, now, seq = quoting(), [], START, 0
    tickers = list(state.markets)
    conversation = Session(True)
    conversation.sids[1] = Sid("orderbook_delta", set(tickers), 0)
    conversation.watched = set(tickers)
    for turn in range(16):
        times = []
        for n, ticker in enumerate(tickers):
            now, seq = Instant(now + (SECOND // 10 if n % 60 == 0 else 20_000)), seq + 1  # bursts of 60
            raw = frame(ticker, 13, -100 if turn % 2 == 0 else 100, seq)
            began = time.perf_counter_ns()
            actions = [action for said in conversation.receive(raw, now)[0] for action in step(state, said)]
            took = time.perf_counter_ns() - began
            if any(isinstance(a, Approved) for a in actions):
                times.append(took / 1_000)
            answered(state, actions, now)
        state.rows.clear()
        assert len(times) > 200
        times.sort()
        rounds.append((statistics.median(times), times[len(times) * 99 // 100]))
    return min(a for a, _ in rounds), min(b for _, b in rounds)


def test_a_frame_becomes_an_approved_request_fast_among_240_markets_in_bursts(keep: Keep) -> None:
    p50, p99 = frame_to_request()
    keep(p50_us=p50, p99_us=p99)
    assert p50 < 60 and p99 < 150


def test_frames_that_change_nothing_for_us_are_cheap_and_ticks_look_only_where_something_is_due(keep: Keep) -> None:
    state, now = quoting(), START
    tickers = list(state.markets)
    frames = [
        m.BookDelta(Instant(now + 1 + n), tickers[n % len(tickers)], m.Side.BID, Price(900), Count(100))
        for n in range(40_000)
    ]
    began = time.perf_counter()
    for said in frames:
        assert step(state, said) == []
    rate = len(frames) / (time.perf_counter() - began)
    now = Instant(now + 2 * SECOND)
    began = time.perf_counter()
    for n in range(20):
        step(state, m.Heartbeat(Instant(now + n * SECOND)))
        step(state, e.Timer(Instant(now + n * SECOND)))
    tick = (time.perf_counter() - began) / 20 * 1e6
    keep(steps_a_second=rate, tick_us=tick)
    assert rate > 200_000
    assert tick < 5_000
