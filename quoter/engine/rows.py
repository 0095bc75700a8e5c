"""What of a step goes into the journal: one row per event and action, a quote row on change, notes. Pure."""

from typing import Final

import msgspec

from core.messages import Request
from core.risk.limits import Approved
from core.side import ASK, BID
from core.storage.journal_rows import ActionRow, EventRow, JournalRow, NoteRow, PnlRow, QuoteRow
from core.units import Money
from quoter.engine.actions import Action
from quoter.engine.events import Event
from quoter.engine.market import MarketState
from quoter.engine.state import State

_ENCODER: Final = msgspec.json.Encoder()


def event_row(n: int, event: Event) -> EventRow:
    """One event, as the engine saw it."""
    return EventRow(n, msgspec.Raw(_ENCODER.encode(event)))


def action_row(state: State, action: Action) -> ActionRow:
    """One action with the context it was decided in."""
    publication = state.publication.id if state.publication is not None else ""
    if not isinstance(action, Approved):
        detail = _ENCODER.encode(action).decode()
        return ActionRow(state.seen, state.now, type(action).__name__, None, detail, publication=publication)
    request: Request = action.request
    ticker = getattr(request, "ticker", "")
    market = state.markets.get(ticker)
    if market is None:
        return ActionRow(state.seen, state.now, type(request).__name__, request, publication=publication)
    bid, ask = market.others_touch()
    return ActionRow(
        state.seen, state.now, type(request).__name__, request, "", market.event.ticker, publication,
        market.fair.fair if market.fair is not None else None, bid, ask, market.position,
    )  # fmt: skip


def quote_row(state: State, market: MarketState) -> QuoteRow:
    """What we would like resting in one market, or why nothing is."""
    bid, ask = market.others_touch() if market.book.known else (None, None)
    first = {side: next((q for q in market.desired if q.side is side), None) for side in (BID, ASK)}
    want_bid, want_ask = first[BID], first[ASK]
    return QuoteRow(
        state.now, market.ticker, state.publication.id if state.publication is not None else "",
        market.fair.fair if market.fair is not None else None, bid, ask,
        want_bid.price if want_bid else None, want_bid.count if want_bid else None,
        want_ask.price if want_ask else None, want_ask.count if want_ask else None,
        market.position, list(market.bid_reasons), list(market.ask_reasons),
    )  # fmt: skip


def pnl_row(state: State, state_name: str) -> PnlRow:
    """The ledger now."""
    marked = Money(state.ledger() - state.realised)
    return PnlRow(
        state.now, state_name, state.realised, state.fees, Money(marked + state.fees),
        state.pnl_today(), state.total_loss, state.balance, state.working(), state.counters.fills,
        state.counters.actions,
    )  # fmt: skip


def note(state: State, kind: str, words: str) -> NoteRow:
    """Something a person will want to read."""
    return NoteRow(state.now, kind, words)


def rows_of(state: State, event: Event, actions: list[Action]) -> list[JournalRow]:
    """Everything of one step, in order; takes the state's own rows."""
    rows: list[JournalRow] = [event_row(state.seen, event)]
    rows += state.rows
    state.rows = []
    rows += [action_row(state, action) for action in actions]
    return rows


def state_name(state: State) -> str:
    """One word for what the quoter does."""
    if state.halted:
        return "halted"
    if state.paused:
        return "paused"
    if not state.connected:
        return "connecting"
    return "quoting" if any(market.desired for market in state.markets.values()) else "waiting"
