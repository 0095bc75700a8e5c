"""What is listed is written when anything about it changed, and only then."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from core import config
from core.clock import Clock
from core.contract import Fees, Market, PriceGrid
from core.exchange.catalog import Listing
from core.exchange.listing import ladder
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.storage import lake, views
from core.units import HOUR, Instant, Money, Price
from flows import discover, inputs
from flows.base import Context
from tests.flows.test_inputs import At

pytestmark = pytest.mark.slow

DAY = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 11, 24))
AT = Instant(DAY.start - 9 * HOUR)
MARKETS = [replace(m, status="active") for m in ladder(DAY, 44, Instant(AT - HOUR))]


def written(data: Path, hour: int, markets: list[Market]) -> dict[str, int]:
    context = Context(config.load({}), cast("Clock", At(Instant(AT + hour * HOUR))), data, f"r{hour}")
    return discover.write.fn(context, Listing(markets=markets))


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    views.build(tmp_path)
    settled = replace(MARKETS[0], status="settled", result="yes", settlement_value=Money(1_000_000))
    markets = [settled, *MARKETS[1:]]
    assert written(tmp_path, 0, markets) == {"markets": len(markets)}
    assert written(tmp_path, 1, markets) == {}


FINE = PriceGrid(((Price(0), Price(10_000), Price(10)),))


@pytest.mark.parametrize(
    "changed",
    [{"fees": Fees(70_000, 17_500)}, {"grid": FINE}, {"open_at": Instant(AT - 2 * HOUR)},
     {"settlement_value": Money(990_000)}],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_a_change_of_fees_or_of_the_price_grid_alone_is_written_and_read(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    views.build(tmp_path)
    written(tmp_path, 0, MARKETS)
    one = replace(MARKETS[0], **changed)  # type: ignore[arg-type]  # of whatever field it is
    assert one != MARKETS[0] and written(tmp_path, 1, [one, *MARKETS[1:]]) == {"markets": 1}
    with lake.connect(tmp_path) as db:
        known = {m.ticker: m for m in inputs.open_markets(db, Instant(AT + HOUR))[DAY.event_ticker]}
    assert (known[one.ticker].fees, known[one.ticker].grid) == (one.fees, one.grid)


def test_an_event_that_is_refused_later_is_no_longer_open_until_it_is_listed_as_good_again(tmp_path: Path) -> None:
    """Its rules may come to name another station; what the lake had of it is then no market to price."""
    views.build(tmp_path)

    def found(hour: int, listing: Listing) -> set[str]:
        at = Instant(AT + hour * HOUR)
        discover.write.fn(Context(config.load({}), cast("Clock", At(at)), tmp_path, f"r{hour}"), listing)
        with lake.connect(tmp_path) as db:
            return set(inputs.open_markets(db, at))

    good, bad = Listing(markets=MARKETS), Listing(refused={DAY.event_ticker: "the rules name CLIJFK"})
    here, nothing = {DAY.event_ticker}, set[str]()
    assert [found(hour, one) for hour, one in enumerate((good, bad, bad, good, bad, good, good))] == [
        here, nothing, nothing, here, nothing, here, here
    ]  # fmt: skip
