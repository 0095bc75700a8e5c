"""The doctor: what it finds when all is well, when nothing runs, and when an answer changed its shape."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from core import config
from core import messages as m
from core.config import Settings
from core.doctor import examine
from core.doctor_exchange import rules_lines, scope_line, skew
from core.doctor_lines import Line, Verdict, exit_code, shown
from core.doctor_schema import compared
from core.doctor_stream import compared as compared_books
from core.errors import SettingsError
from core.exchange import wire
from core.exchange.costs import RECKONED, dearer
from core.exchange.credentials import Credentials, credentials, embedded_key_path, in_lines
from core.exchange.endpoints import endpoints
from core.exchange.listing import ladder
from core.exchange.traders import NOISE
from core.exchange.wire_account import Cost, Costs
from core.rules_text import pin
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import Count, Instant, Price, instant
from quoter.engine import budget
from tests.core.exchange_client.loopback import Place, embedded, new_key

pytestmark = pytest.mark.slow

OCTOBER = instant("2026-10-15T12:00:00Z")
DATE = "Thu, 15 Oct 2026 12:00:00 GMT"


def chosen(data: Path, port: int, **more: str) -> Settings:
    env = {"KWM_STORAGE__DATA": str(data), "KWM_EXCHANGE__PORT": str(port), "KWM_WEATHER__PORT": "1",
           "KWM_PREFECT__PORT": "1", "KWM_EVENTS__CITIES": '["New York"]'}  # fmt: skip
    return config.load(env | more)


def keep(place: Place, data: Path) -> None:
    path = embedded_key_path(data)
    path.parent.mkdir(parents=True)
    path.write_text(place.credentials.pem)


async def test_all_is_well_where_the_exchange_runs(tmp_path: Path) -> None:
    async with embedded() as place:
        keep(place, tmp_path)
        lines = {line.name: line for line in await examine(chosen(tmp_path, place.port))}
    for name in (
        "settings",
        "key",
        "exchange",
        "clock skew",
        "balance",
        "limits",
        "costs",
        "series",
        "maker fees",
        "markets",
    ):
        assert lines[name].verdict is Verdict.OK, lines[name]
    assert lines["weather"].verdict is Verdict.FAIL and lines["weather"].remedy


def test_a_key_in_one_line_as_a_file_of_variables_holds_it_is_the_same_key() -> None:
    pem = new_key().pem
    for said in (pem, pem.replace("\n", "\\n"), '"' + pem.strip().replace("\n", "\\n") + '"'):
        assert (
            Credentials("k", in_lines(said)).key().private_bytes_raw()
            == Credentials("k", pem).key().private_bytes_raw()
        )


async def test_every_answer_of_the_embedded_exchange_has_the_shape_we_read(tmp_path: Path) -> None:
    async with embedded() as place:
        keep(place, tmp_path)
        lines = await examine(chosen(tmp_path, place.port), schema=True)
    assert len(lines) == 13 and {line.verdict for line in lines} == {Verdict.OK}


async def test_an_exchange_that_is_not_there_fails_with_its_remedy(tmp_path: Path) -> None:
    path = embedded_key_path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(new_key().pem)
    lines = await examine(chosen(tmp_path, 1))
    (line,) = [x for x in lines if x.name == "exchange"]
    assert line.verdict is Verdict.FAIL and "kwm up" in line.remedy
    assert exit_code(lines) == 1 and "fail  exchange" in shown(lines)


async def test_somebody_elses_key_is_told_from_a_dead_exchange(tmp_path: Path) -> None:
    async with embedded() as place:
        place.credentials = new_key()
        keep(place, tmp_path)
        lines = {line.name: line for line in await examine(chosen(tmp_path, place.port))}
    assert lines["exchange"].verdict is Verdict.OK
    assert lines["balance"].verdict is Verdict.FAIL and "belong together" in lines["balance"].remedy


@pytest.mark.parametrize(
    ("off", "verdict"), [(0, Verdict.OK), (1, Verdict.OK), (5, Verdict.WARN), (7, Verdict.FAIL), (-60, Verdict.FAIL)]
)
def test_the_clock_is_compared_with_the_servers(off: int, verdict: Verdict) -> None:
    assert skew(DATE, Instant(OCTOBER + off * 10**9)).verdict is verdict


def test_a_server_that_tells_no_time_is_said_so() -> None:
    assert skew("", OCTOBER).verdict is Verdict.WARN


def test_a_removed_money_field_is_drift_and_an_added_field_is_not() -> None:
    body = {"balance": 1, "balance_dollars": "1.0000", "moon": "full"}
    assert compared("balance", json.dumps(body).encode(), wire.BalanceModel).verdict is Verdict.OK
    del body["balance_dollars"]
    line = compared("balance", json.dumps(body).encode(), wire.BalanceModel)
    assert line.verdict is Verdict.FAIL and "balance_dollars" in line.words


def test_a_key_is_never_shown() -> None:
    found = new_key()
    assert found.pem.splitlines()[1] not in repr(found)


def test_an_rsa_key_is_understood_and_rubbish_is_refused_without_being_shown(tmp_path: Path) -> None:
    pem = generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert Credentials("id", pem.decode()).key().key_size == 2048
    with pytest.raises(SettingsError) as error:
        Credentials("id", "-----BEGIN secret").key()
    assert "secret" not in str(error.value)


def test_a_missing_embedded_key_says_who_makes_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="kwm exchange serve"):
        credentials(chosen(tmp_path, 1))


def test_addresses_are_moved_by_a_variable_only_in_the_embedded_world(tmp_path: Path) -> None:
    moved = {"KWM_REST_URL": "http://127.0.0.1:9/trade-api/v2"}
    settings = chosen(tmp_path, 1)
    assert endpoints(settings, moved).rest == moved["KWM_REST_URL"]
    demo = settings.model_copy(update={"exchange": settings.exchange.model_copy(update={"environment": "demo"})})
    assert endpoints(demo, {}).rest == "https://external-api.demo.kalshi.co/trade-api/v2"
    with pytest.raises(SettingsError, match="unset them"):
        endpoints(demo, moved)


@pytest.mark.parametrize(
    ("scopes", "verdict"),
    [(["read", "write::trade"], Verdict.OK), (["read", "write::trade", "write::transfer"], Verdict.WARN),
     (["read", "write"], Verdict.WARN), (["read"], Verdict.FAIL),
     (["read::portfolio_balance", "write::trade"], Verdict.FAIL),
     ([], Verdict.FAIL)],
)  # fmt: skip
def test_a_key_that_may_move_money_is_warned_of_and_one_that_may_not_trade_fails(
    scopes: list[str], verdict: Verdict
) -> None:
    assert scope_line(scopes).verdict is verdict


def rules_of(text: str, source: str, shard: int = 0) -> list[Line]:
    day = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 11, 24))
    market = replace(ladder(day, 44, Instant(0))[1], rules=text, exchange_index=shard)
    return rules_lines([market], {market.event_ticker: source}, 0)


TWC = ("If the maximum temperature recorded at New York City (CLINYC) for Nov 24, 2026, is between 44-45° fahrenheit"
       " according to The Weather Company, then the market resolves to Yes.")  # fmt: skip


def test_a_wording_that_somebody_read_is_known_by_its_pin() -> None:
    lines = rules_of(TWC, "The Weather Company")
    assert [x.verdict for x in lines] == [Verdict.OK] * 3 and "301263647606" in lines[0].words


def test_one_changed_word_of_the_rules_is_a_warning_with_the_words() -> None:
    line = rules_of(TWC.replace("according to", "as estimated by"), "The Weather Company")[0]
    assert line.verdict is Verdict.WARN and "as estimated by" in line.words


def test_a_settlement_source_that_is_not_the_rules_is_a_warning() -> None:
    assert rules_of(TWC, "National Weather Service")[1].verdict is Verdict.WARN


def test_a_market_on_another_shard_fails() -> None:
    assert rules_of(TWC, "The Weather Company", shard=2)[2].verdict is Verdict.FAIL


@pytest.mark.parametrize("cold", ["between -3--2°", "less than -10°", "greater than 7°"])
def test_the_wording_leaves_out_place_day_extreme_and_degrees(cold: str) -> None:
    other = TWC.replace("between 44-45°", cold).replace("maximum", "minimum").replace("Nov 24", "Feb 1")
    assert pin(other.replace("New York City (CLINYC)", "Minneapolis (CLIMSP)")) == pin(TWC)
    assert pin(other.replace("fahrenheit", "celsius")) != pin(TWC)


async def test_doctor_reads_the_scopes_rules_sources_and_shard_of_the_embedded_exchange(tmp_path: Path) -> None:
    async with embedded() as place:
        keep(place, tmp_path)
        lines = {line.name: line for line in await examine(chosen(tmp_path, place.port))}
    for name in ("permissions", "rules", "settlement source", "exchange index", "price steps", "schedule"):
        assert lines[name].verdict is Verdict.OK, lines[name]
    assert lines["permissions"].words == "read, write::trade"


def costs(*listed: tuple[str, str, int]) -> Costs:
    return Costs(10, [Cost(method, f"/trade-api/v2{path}", cost) for method, path, cost in listed])


def test_a_call_that_costs_more_than_the_engine_reckons_with_is_named() -> None:
    cheap = costs(("DELETE", "/portfolio/events/orders/:order_id", 2), ("DELETE", "/portfolio/events/orders", 2))
    assert dearer(cheap) == []
    assert dearer(costs()) == ["DELETE /portfolio/events/orders/:id costs 10, not 2",
                               "DELETE /portfolio/events/orders costs 10, not 2"]  # fmt: skip
    groups = ("PUT", "/portfolio/order_groups/*rest", 30), ("PUT", "/portfolio/order_groups/:id/reset", 10)
    found = dearer(costs(*groups, *((c.method, c.path.removeprefix("/trade-api/v2"), c.cost)
                                    for c in cheap.endpoint_costs)))  # fmt: skip
    assert found == ["PUT /portfolio/order_groups/:id/limit costs 30, not 10",
                     "PUT /portfolio/order_groups/:id/trigger costs 30, not 10"]  # fmt: skip


def test_what_the_doctor_reckons_with_is_what_the_engine_spends() -> None:
    spent = {"create": budget.GROUP, "limit": budget.GROUP, "reset": budget.GROUP, "amend": budget.AMEND,
             "decrease": budget.AMEND, "orders": budget.CREATE}  # fmt: skip
    for method, path, cost in RECKONED:
        if method != "DELETE" and not path.endswith("trigger"):
            assert cost == spent[path.rpartition("/")[2]], path
    assert [cost for method, _, cost in RECKONED if method == "DELETE"] == [budget.CANCEL, budget.CANCEL_ALL]


def test_a_stream_on_the_other_price_scale_fails_and_nothing_else_would_tell() -> None:
    listed = {"A": ({Price(4000)}, {Price(4500), Price(6000)}), "B": (set[Price](), {Price(700)})}
    mirrored = {"A": ({Price(4000)}, {Price(5500), Price(4000)}), "B": (set[Price](), {Price(9300)})}
    assert compared_books(listed, listed).verdict is Verdict.OK
    assert "use_yes_price" in compared_books(mirrored, listed).remedy
    assert compared_books(mirrored, listed).verdict is Verdict.FAIL
    assert compared_books({"A": listed["A"]}, listed).verdict is Verdict.FAIL, "a book that never came"
    assert compared_books({"A": (set(), set())}, {"A": (set(), set())}).verdict is Verdict.WARN


async def test_the_doctor_looks_at_the_streams_books(tmp_path: Path) -> None:
    async with embedded() as place:
        keep(place, tmp_path)
        for market in place.markets:
            order = m.PlaceOrder(f"n-{market.ticker}", market.ticker, m.Side.ASK, Price(700), Count(500))
            place.venue.request(NOISE, order)
        lines = {x.name: x for x in await examine(chosen(tmp_path, place.port))}
        assert lines["stream"].verdict is Verdict.OK, lines["stream"]
