"""The one message from flows to quoter: signed-off beliefs and limits, with expiry and lineage.

The quoter has never heard of the weather: a publication carries all it needs to know about a market besides the
exchange's own stream. It is written to one small file, atomically (`core/storage/publications.py`).
"""

import msgspec

from core.errors import Malformed
from core.units import SECOND, Duration, Instant, Money, Price, to_datetime

AHEAD = Duration(5 * SECOND)  # of wall time: clocks of two machines that NTP keeps are not so far apart


class MarketFair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one bracket is worth and how sure we are."""

    ticker: str
    low: int | None  # whole degrees that pay, inclusive; None is open
    high: int | None
    fair: float  # probability that it pays = fair price in dollars, 0 < fair < 1
    sd: float  # uncertainty of `fair` itself, in dollars
    slope: float  # d fair / d mu, dollars per degree F (MAKING §1.8)
    model: float  # before blending with the market
    market: float | None  # what the books of the event imply of it; None where not all of them could be read
    price_ranges: list[tuple[Price, Price, Price]]
    close_at: Instant
    taker_fee: int  # coefficient in millionths
    maker_fee: int


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time around a data release in which quotes widen (`widen` > 1) or are pulled (`widen` == 0)."""

    start: Instant
    end: Instant
    widen: float
    reason: str


class EventFair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One station-day: its brackets' fairs sum to one."""

    event_ticker: str
    station: str
    city: str
    variable: str
    day: str  # climate day, ISO
    day_start: Instant
    day_end: Instant
    mean_f: float
    sd_f: float
    observed_f: float | None  # the running extreme the model conditioned on
    weight: float  # of the model (and an opinion) in the blend, 0..1; more where it stands in for unreadable books
    quality: list[str]  # what is missing or old, in words; empty when all is well
    vintages: dict[str, Instant]  # per input: when its source issued it
    valid_until: Instant
    pmf: list[tuple[int, float]]  # whole degrees F and their probability, for ladders and charts
    windows: list[Window]
    max_loss: Money  # worst case over the brackets, this event
    markets: list[MarketFair]
    opinion: str = ""  # of a person, in words, while it counts in `fair`


class PublishedLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits computed for today; the quoter also has its own from settings, and the tighter one binds."""

    max_loss_total: Money
    max_loss_city: Money
    max_daily_loss: Money


class Publication(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the quoter may believe until `valid_until`."""

    id: str  # sorts by time
    run: str  # flow run id
    model: str  # version of model and coefficients
    published_at: Instant
    valid_until: Instant
    events: list[EventFair]
    withheld: dict[str, str]  # event ticker -> why there is no fair value
    limits: PublishedLimits
    schema: int = 1


_DECODER = msgspec.json.Decoder(Publication)


def encode(publication: Publication) -> bytes:
    """To JSON."""
    return msgspec.json.encode(publication)


def decode(raw: bytes) -> Publication:
    """From JSON, checked: schema, times, and that each event's fairs are probabilities that sum to one.

    Raises: Malformed.
    """
    try:
        publication = _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("publication", raw[:40], str(error)) from error
    if publication.schema != 1:
        raise Malformed("publication.schema", publication.schema, "this quoter reads schema 1")
    if publication.valid_until <= publication.published_at:
        raise Malformed("publication.valid_until", publication.valid_until, "expires before it is published")
    for event in publication.events:
        check_event(event)
    return publication


def ahead(publication: Publication, now: Instant, most: Duration) -> str:
    """Why a publication of the future may not be used: nobody knows how old it is, and it would count as fresh until
    our time has caught up. "" for one of the past, or one that is ahead by no more than `most`."""
    by = publication.published_at - now
    if by <= most:
        return ""
    return (
        f"published at {to_datetime(publication.published_at):%Y-%m-%d %H:%M:%S} UTC, {by / SECOND:,.0f} s ahead of our"
        " time: a clock was set, or the clocks of the flows and of the quoter differ (keep both by NTP: timedatectl)."
        " It is not used; the next publication is, once the clocks agree"
    )


def check_event(event: EventFair) -> None:
    """An event's fairs are probabilities and sum to one. Raises: Malformed."""
    for market in event.markets:
        if not 0.0 < market.fair < 1.0 or not market.sd >= 0.0 or market.slope != market.slope:
            raise Malformed(
                f"publication.{market.ticker}.fair", (market.fair, market.sd, market.slope), "no probability"
            )
    total = sum(market.fair for market in event.markets)
    if event.markets and abs(total - 1.0) > 1e-6:
        raise Malformed(f"publication.{event.event_ticker}", total, "the brackets' fairs must sum to one")
    if event.max_loss < 0:
        raise Malformed(f"publication.{event.event_ticker}.max_loss", event.max_loss, "a limit below zero")
