"""Why a market was quoted as it was at an instant, from the journal alone: the last word on it before that instant."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.errors import KwmError
from core.storage import journal
from core.storage.journal_rows import ActionRow, JournalRow, QuoteRow
from core.units import DAY, Instant, to_datetime
from quoter.engine.guard import words

_ROW: msgspec.json.Decoder[JournalRow] = msgspec.json.Decoder(JournalRow)
_DAYS = 3  # a quote that stood unchanged longer than this is not looked for


@dataclass(frozen=True, slots=True)
class Then:
    """The quote in force, and the last request on this market before it, if any."""

    quote: QuoteRow
    request: ActionRow | None


def why_then(data: Path, ticker: str, at: Instant) -> Then:
    """The newest quote row of `ticker` at or before `at`. Raises: KwmError when the journal has none."""
    for back in range(_DAYS):
        day = to_datetime(Instant(at - back * DAY)).date().isoformat()
        quote: QuoteRow | None = None
        request: ActionRow | None = None
        for row in _rows(data, day, ticker):
            if row.at > at:
                continue
            if isinstance(row, QuoteRow) and (quote is None or row.at >= quote.at):
                quote = row
            elif isinstance(row, ActionRow) and (request is None or row.at >= request.at):
                request = row
        if quote is not None:
            return Then(quote, request)
    when = f"{to_datetime(at):%Y-%m-%d %H:%M:%S} UTC"
    raise KwmError(f"the journal says nothing of {ticker} in the {_DAYS} days before {when}: is the ticker right?")


def _rows(data: Path, day: str, ticker: str) -> Iterator[QuoteRow | ActionRow]:
    mark = ticker.encode()
    for path in journal.files(data, day):
        for line, _ in journal.lines(path):
            if mark not in line or b'"row":"event"' in line[:24]:
                continue
            try:
                row = _ROW.decode(line)
            except msgspec.MsgspecError:
                continue  # a damaged line says nothing; `kwm replay` names it
            if (isinstance(row, QuoteRow) and row.ticker == ticker) or (
                isinstance(row, ActionRow) and getattr(row.request, "ticker", "") == ticker
            ):
                yield row


def told(ticker: str, at: Instant, then: Then) -> list[str]:
    """For people: each side's quote, or what forbade it."""
    q = then.quote
    fair = "unknown" if q.fair is None else f"{q.fair * 100:.1f} cents"
    book = " / ".join("none" if p is None else f"{p / 100:g}" for p in (q.book_bid, q.book_ask))
    lines = [
        f"{ticker} at {to_datetime(at):%Y-%m-%d %H:%M:%S} UTC, as decided at {to_datetime(q.at):%H:%M:%S}:",
        f"  fair {fair}, others {book} cents, holding {q.inventory / 100:g}, publication {q.publication or 'none'}",
    ]
    for side, price, count, reasons in (
        ("bid", q.bid, q.bid_count, q.bid_reasons), ("ask", q.ask, q.ask_count, q.ask_reasons)
    ):  # fmt: skip
        if price is not None and count is not None:
            lines.append(f"  {side}: {count / 100:g} at {price / 100:g} cents")
        lines += [f"  no {side}: {words(reason)}" for reason in reasons]
    if then.request is not None:
        lines.append(f"  last request: {then.request.name} at {to_datetime(then.request.at):%H:%M:%S}")
    return lines
