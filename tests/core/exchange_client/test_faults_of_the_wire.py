"""What the network and a gateway may do to a request, and what our client makes of it: sent, not sent, or unknown."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core import messages as m
from core.errors import KwmError, Malformed
from core.exchange.catalog import Catalog
from core.exchange.rest import Rest, UnreadOrders
from core.exchange.sdk import Sdk, refusal
from core.exchange.sweep import sweep
from core.exchange.translate import error_of
from core.units import Count, Price, iso
from tests.core.exchange_client.loopback import CLOCK, new_key, serving
from tests.core.exchange_client.test_any_body import FREE, MARKET

pytestmark = pytest.mark.slow

PLACE = m.PlaceOrder("kwm-1", "KXHIGHNY-26NOV24-B48.5", m.Side.BID, Price(3000), Count(1000))
CANCEL = m.CancelOrder("o-1", "kwm-1", PLACE.ticker)
AMEND = m.AmendOrder("o-1", "kwm-1", PLACE.ticker, m.Side.BID, Price(2900), Count(1000))
DECREASE = m.DecreaseOrder("o-1", "kwm-1", PLACE.ticker, Count(100))
GROUPS = [m.CreateGroup("E", Count(100)), m.ResetGroup("g"), m.TriggerGroup("g"), m.SetGroupLimit("g", Count(100))]
EVERY = [PLACE, CANCEL, AMEND, DECREASE, m.CancelAllOrders(), *GROUPS]
Answer = Callable[[Request], Awaitable[Response]]


class Gateway:
    """Answers each request as the test says; counts them."""

    def __init__(self) -> None:
        self.answer: Answer = self.ok
        self.seen: list[tuple[str, str]] = []
        self.cut = False

    async def ok(self, request: Request) -> Response:
        return Response("{}", 200)

    def says(self, status: int, body: bytes | str = b"") -> None:
        async def answer(request: Request) -> Response:
            return Response(body, status)

        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        request = Request(scope, receive)
        await request.body()
        self.seen.append((request.method, request.url.path))
        if self.cut:  # a promise of a body that does not come: the connection breaks in the middle
            await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"100")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": False})
            return
        await (await self.answer(request))(scope, receive, send)


@pytest.fixture
async def gateway() -> AsyncIterator[tuple[Gateway, Rest]]:
    found = Gateway()
    app: ASGIApp = found
    async with serving(app) as port:
        sdk = Sdk(f"http://127.0.0.1:{port}/trade-api/v2", new_key(), 0.5)
        yield found, Rest(sdk, CLOCK.now)
        await sdk.close()


Both = tuple[Gateway, Rest]


@pytest.mark.parametrize("request_", EVERY, ids=lambda r: type(r).__name__)
async def test_a_refused_connection_was_certainly_not_sent(request_: m.Request) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rest = Rest(Sdk(f"http://127.0.0.1:{port}/trade-api/v2", new_key(), 0.5), CLOCK.now)
    (said,) = await rest.perform(request_)
    await rest.close()
    assert isinstance(said, m.NotSent) and not said.throttled and said.request == type(request_).__name__


@pytest.mark.parametrize(
    "body",
    [
        '{"error":"too many requests"}',
        '{"error":{"code":"too_many_requests","message":"x","details":""}}',
        '{"code":"too_many_requests","message":"x","details":""}',
        "<html>429</html>",
        "",
    ],
)
async def test_a_throttled_request_was_not_done_whatever_shape_says_so(gateway: Both, body: str) -> None:
    server, rest = gateway
    server.says(429, body)
    (said,) = await rest.perform(PLACE)
    assert isinstance(said, m.NotSent) and said.throttled
    assert len(server.seen) == 1, "nobody retries behind our back"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("request_", EVERY, ids=lambda r: type(r).__name__)
async def test_a_server_error_leaves_the_outcome_unknown(gateway: Both, request_: m.Request, status: int) -> None:
    server, rest = gateway
    server.says(status, '{"error":{"code":"internal","message":"after accept?"}}')
    (said,) = await rest.perform(request_)
    assert isinstance(said, m.Unknown) and len(server.seen) == 1


async def test_a_timeout_leaves_the_outcome_unknown(gateway: Both) -> None:
    server, rest = gateway

    async def never(request: Request) -> Response:
        await asyncio.sleep(1.0)
        return Response("{}")

    server.answer = never
    (said,) = await rest.perform(PLACE)
    assert isinstance(said, m.Unknown) and len(server.seen) == 1


async def test_a_connection_cut_in_the_answer_leaves_the_outcome_unknown(gateway: Both) -> None:
    server, rest = gateway
    server.cut = True
    (said,) = await rest.perform(PLACE)
    assert isinstance(said, m.Unknown)


@pytest.mark.parametrize("body", ["", "{}", "[]", "null", "<html>", '{"order_id":"o","fill_count":"0.00"}',
                                  '{"order_id":"o","fill_count":0,"remaining_count":"1.00"}'])  # fmt: skip
async def test_an_accepted_order_whose_counts_cannot_be_read_is_unknown_never_nought(gateway: Both, body: str) -> None:
    server, rest = gateway
    server.says(201, body)
    (said,) = await rest.perform(PLACE)
    assert isinstance(said, m.Unknown)


@pytest.mark.parametrize(
    "body",
    [
        '{"error":{"code":"insufficient_balance","message":"m","details":"d"}}',
        '{"code":"insufficient_balance","message":"m"}',
        '{"error":"insufficient balance"}',
    ],
)
async def test_a_refusal_is_read_in_all_three_shapes(gateway: Both, body: str) -> None:
    server, rest = gateway
    server.says(400, body)
    (said,) = await rest.perform(PLACE)
    assert isinstance(said, m.Rejected) and said.code == "insufficient_balance"


CROSSES = (
    '{"error":{"code":"invalid_order","message":"invalid order","details":"post only cross","service":"exchange"}}'
)


async def test_a_post_only_order_refused_for_crossing_is_gone_and_no_error(gateway: Both) -> None:
    """Documents say that it is made and cancelled, demo refused it: it is the market that moved, either way."""
    server, rest = gateway
    server.says(400, CROSSES)
    (said,) = await rest.perform(PLACE)
    assert isinstance(said, m.Gone) and (said.filled, said.reason) == (0, "PostOnlyCrossCancel")
    (said,) = await rest.perform(AMEND)
    assert isinstance(said, m.Rejected) and said.code == "post_only_cross", "what it was to become; what it is, rests"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, '{"error":{"code":"MARKET_INACTIVE","message":""}}', "market_inactive"),
        (400, '{"code":"invalid_order","message":"invalid order","details":"market is closed"}', "market_inactive"),
        (409, '{"error":{"code":"market_already_closed"}}', "market_inactive"),
        (409, '{"error":{"code":"exchange_paused"}}', "trading_is_paused"),
        (400, '{"error":{"code":"bad_request","message":"order group not found"}}', "order_group_not_found"),
        (409, '{"error":{"code":"conflict","details":"order group has been triggered"}}', "order_group_triggered"),
        (400, '{"msg":"limit must be at most 1000"}', "400"),
        (400, '{"error":{"code":"Insufficient_Balance"}}', "insufficient_balance"),
    ],
)
async def test_what_a_refusal_means_is_told_in_the_engines_words(
    gateway: Both, status: int, body: str, code: str
) -> None:
    server, rest = gateway
    server.says(status, body)
    (said,) = await rest.perform(PLACE)
    assert isinstance(said, m.Rejected) and said.code == code
    assert len(server.seen) == 1, "nothing to look up: no order was made"


def test_the_words_of_an_error_are_all_that_it_says() -> None:
    assert error_of(CROSSES.encode()) == ("invalid_order", "invalid order: post only cross")
    assert error_of(b'{"msg":"bad limit"}') == ("", "bad limit")


LISTED = {"order_id": "o-1", "client_order_id": "kwm-1", "ticker": PLACE.ticker, "status": "resting",
          "book_side": "bid", "yes_price_dollars": "0.2900", "fill_count_fp": "4.00", "remaining_count_fp": "6.00",
          "initial_count_fp": "10.00"}  # fmt: skip
THEIRS = LISTED | {"order_id": "o-2", "client_order_id": None, "yes_price_dollars": "0.00005"}


async def test_an_order_that_cannot_be_read_makes_no_list_but_is_named(gateway: Both) -> None:
    server, rest = gateway
    server.says(200, json.dumps({"orders": [LISTED, THEIRS], "cursor": None}))
    with pytest.raises(UnreadOrders, match="finer than 4 decimals") as raised:
        await rest.report_orders()
    assert [(x.order_id, x.client_order_id) for x in raised.value.wishes] == [("o-1", "kwm-1"), ("o-2", "")]
    found = await rest.look_up("kwm-1", PLACE.ticker)
    assert found.order is not None and found.order.remaining == 600, "another's order is not in the way"


async def test_a_market_is_found_in_its_series_however_the_answer_is_spaced(gateway: Both) -> None:
    server, rest = gateway
    server.says(200, json.dumps({"markets": [MARKET], "cursor": ""}, indent=2))
    found = await Catalog(rest.sdk).by_tickers([MARKET["ticker"]], {"KXHIGHNY": FREE})
    assert [x.ticker for x in found.markets] == [MARKET["ticker"]]


async def test_a_sweep_takes_ours_away_though_somebody_elses_order_cannot_be_read(gateway: Both) -> None:
    server, rest = gateway
    left = {"o-1": LISTED, "o-2": THEIRS}

    async def answer(request: Request) -> Response:
        if request.method == "DELETE":
            del left[request.url.path.rpartition("/")[2]]
            return Response('{"order_id":"o-1","reduced_by":"6.00"}')
        if request.url.path.endswith("user_data_timestamp"):
            return Response(json.dumps({"as_of_time": iso(CLOCK.now())}))
        return Response(json.dumps({"orders": list(left.values()), "cursor": ""}))

    server.answer = answer
    done = await sweep(rest, "kwm-", 5.0)
    assert list(left) == ["o-2"] and (done.cancelled, done.verified, done.others) == (1, True, 1)


async def test_a_sweep_without_a_list_takes_away_what_we_know(gateway: Both) -> None:
    server, rest = gateway

    async def answer(request: Request) -> Response:
        ok = request.method == "DELETE"
        return Response('{"order_id":"o-1","reduced_by":"6.00"}' if ok else "", 200 if ok else 503)

    server.answer = answer
    done = await sweep(rest, "kwm-", 0.5, [CANCEL])
    assert (done.cancelled, done.verified) == (1, False)
    assert sum(method == "DELETE" for method, _ in server.seen) == 1


async def test_a_404_on_a_cancel_proves_nothing_about_fills(gateway: Both) -> None:
    server, rest = gateway
    server.says(404, '{"error":{"code":"not_found","message":""}}')
    for request in (CANCEL, AMEND):
        (said,) = await rest.perform(request)
        assert isinstance(said, m.CancelNotFound) and said.order_id == "o-1"


async def test_a_duplicate_that_cannot_be_looked_up_is_not_taken_for_no_order(gateway: Both) -> None:
    server, rest = gateway

    async def answer(request: Request) -> Response:
        return Response("{}", 409 if request.method == "POST" else 503)

    server.answer = answer
    (said,) = await rest.perform(PLACE)
    assert isinstance(said, m.Rejected) and said.code == "order_already_exists"
    assert [method for method, _ in server.seen] == ["POST", "GET"]


async def test_an_amend_whose_answer_says_nothing_is_looked_up(gateway: Both) -> None:
    server, rest = gateway
    order = {"order_id": "o-1", "client_order_id": "kwm-1", "ticker": PLACE.ticker, "status": "resting",
             "book_side": "bid", "yes_price_dollars": "0.2900", "fill_count_fp": "4.00", "remaining_count_fp": "6.00",
             "initial_count_fp": "10.00"}  # fmt: skip

    async def answer(request: Request) -> Response:
        return Response(json.dumps({"order": order} if request.method == "GET" else {"order_id": "o-1"}))

    server.answer = answer
    (said,) = await rest.perform(AMEND)
    assert isinstance(said, m.Acked) and (said.filled, said.remaining) == (400, 600)


async def test_what_the_sdk_itself_refuses_is_a_rejection_and_nothing_is_sent(gateway: Both) -> None:
    server, rest = gateway
    (said,) = await rest.perform(m.CancelOrder(7, "kwm-1", PLACE.ticker))  # type: ignore[arg-type]  # a bug of ours, on purpose
    assert isinstance(said, m.Rejected) and said.code == "refused_by_sdk" and server.seen == []


async def test_pages_that_go_round_in_a_circle_end_with_an_error(gateway: Both) -> None:
    server, rest = gateway
    server.says(200, '{"orders":[],"cursor":"again"}')
    with pytest.raises(Malformed, match="circle"):
        await rest.report_orders()
    assert len(server.seen) == 2


async def test_pages_without_end_are_given_up(gateway: Both) -> None:
    server, rest = gateway

    async def answer(request: Request) -> Response:
        return Response(f'{{"orders":[],"cursor":"{len(server.seen)}"}}')

    server.answer = answer
    with pytest.raises(Malformed, match="more than 100 pages"):
        await rest.report_orders()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.sampled_from([200, 201, 204, 301, 400, 401, 404, 409, 418, 429, 500, 599]), st.binary(max_size=60))
def test_no_status_and_no_body_make_the_client_raise(status: int, body: bytes) -> None:
    """The transport aside: what an answer of any status and any bytes becomes."""
    assert all(isinstance(x, str) for x in error_of(body))
    assert isinstance(refusal(status, body), KwmError)
