"""A line of the quoter's journal -> a row of the lake. Pure; book changes are skipped unread.

The flows know the journal's rows and the exchange's messages (core), never the engine.
"""

from typing import Any

import msgspec

from core import messages as m
from core.contract import event_of
from core.storage import journal_rows as j
from core.storage.lake import at_text
from flows.rows import Row, contracts, price_usd, usd

_LINE = msgspec.json.Decoder(j.JournalRow)
_SAID = msgspec.json.Decoder(m.Acked | m.Gone | m.Rejected | m.Unknown | m.NotSent | m.CancelNotFound | m.Fill)
_KINDS = tuple(
    f'"type":"{kind}"'.encode()
    for kind in ("Acked", "Gone", "Rejected", "Unknown", "NotSent", "CancelNotFound", "Fill")
)
_JSON: Any = msgspec.json.encode


def table_row(line: bytes) -> tuple[str, Row] | None:
    """(table, row), or None for a line that is no table's. Raises: msgspec.MsgspecError for a damaged line."""
    if line.startswith(b'{"row":"event"'):
        if not any(kind in line[:80] for kind in _KINDS):
            return None
        found = _LINE.decode(line)
        assert isinstance(found, j.EventRow), "tagged as event"
        return _said(_SAID.decode(found.event))
    row = _LINE.decode(line)
    match row:
        case j.ActionRow(request=request) if request is not None:
            return "order_actions", _action(row)
        case j.QuoteRow():
            return "quotes", {
                "happened_at": at_text(row.at), "ticker": row.ticker, "publication": row.publication,
                "fair_usd": row.fair, "book_bid_usd": price_usd(row.book_bid), "book_ask_usd": price_usd(row.book_ask),
                "bid_usd": price_usd(row.bid), "bid_contracts": contracts(row.bid_count),
                "ask_usd": price_usd(row.ask), "ask_contracts": contracts(row.ask_count),
                "inventory_contracts": contracts(row.inventory), "bid_reasons": ", ".join(row.bid_reasons),
                "ask_reasons": ", ".join(row.ask_reasons),
            }  # fmt: skip
        case j.PnlRow():
            return "pnl", {
                "happened_at": at_text(row.at), "state": row.state, "realised_usd": usd(row.realised),
                "fees_usd": usd(row.fees), "marked_usd": usd(row.marked), "total_usd": usd(row.total),
                "worst_usd": usd(row.worst), "balance_usd": usd(row.balance), "working": row.working,
                "fills": row.fills, "actions": row.actions,
            }  # fmt: skip
        case j.NoteRow():
            return "notes", {"happened_at": at_text(row.at), "kind": row.kind, "words": row.words}
        case j.RunRow():
            return "runs", {
                "quoter_run": row.run, "happened_at": at_text(row.at), "version": row.version,
                "environment": row.environment, "settings": _JSON(row.settings).decode(),
            }  # fmt: skip
        case _:
            return None


def _action(row: j.ActionRow) -> Row:
    request = row.request
    count = getattr(request, "count", None)
    return {
        "happened_at": at_text(row.at), "action": row.name, "client_order_id": getattr(request, "client_order_id", ""),
        "ticker": getattr(request, "ticker", ""), "event_ticker": row.event_ticker,
        "side": getattr(request, "side", None), "price_usd": price_usd(getattr(request, "price", None)),
        "contracts": contracts(count if isinstance(count, int) else getattr(request, "total", None)),
        "publication": row.publication, "fair_usd": row.fair, "book_bid_usd": price_usd(row.book_bid),
        "book_ask_usd": price_usd(row.book_ask), "inventory_contracts": contracts(row.inventory),
    }  # fmt: skip


def _said(event: m.Acked | m.Gone | m.Rejected | m.Unknown | m.NotSent | m.CancelNotFound | m.Fill) -> tuple[str, Row]:
    if isinstance(event, m.Fill):
        return "fills", {
            "trade_id": event.trade_id, "order_id": event.order_id, "client_order_id": event.client_order_id,
            "ticker": event.ticker, "event_ticker": event_of(event.ticker), "side": event.side.value,
            "price_usd": price_usd(event.price), "contracts": contracts(event.count), "fee_usd": usd(event.fee),
            "is_taker": event.is_taker, "filled_at": at_text(event.filled_at), "heard_at": at_text(event.at),
        }  # fmt: skip
    return "order_events", {
        "happened_at": at_text(event.at), "what": type(event).__name__, "client_order_id": event.client_order_id,
        "order_id": getattr(event, "order_id", ""), "ticker": event.ticker,
        "price_usd": price_usd(getattr(event, "price", None)),
        "filled_contracts": contracts(getattr(event, "filled", None)),
        "remaining_contracts": contracts(getattr(event, "remaining", None)),
        "words": getattr(event, "reason", "") or getattr(event, "code", "") or getattr(event, "words", ""),
    }  # fmt: skip
