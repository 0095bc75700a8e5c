"""The life of an order: one table, and an order that counts against the limits until the exchange proves it gone.

A cancel is a wish; an unknown outcome stays unknown until evidence arrives: a report, a look-up, or the passing of the
order's own expiry, after which even a request that was delayed on the wire cannot rest. After h11's `_state.py`.
"""

from enum import StrEnum
from typing import Final

from core.messages import Side, Ticker
from core.side import BID
from core.units import MINUTE, ONE_DOLLAR, SECOND, Count, Instant, Money, Price


class Life(StrEnum):
    """Where an order is in its life."""

    ASKED = "asked"
    RESTING = "resting"
    AMENDING = "amending"
    CANCELLING = "cancelling"
    LOST = "lost"
    GONE = "gone"


class Happening(StrEnum):
    """What can happen to it."""

    ACKED = "acked"
    FILLED = "filled"
    AMEND_SENT = "amend sent"
    CANCEL_SENT = "cancel sent"
    REFUSED = "refused"  # an amend or cancel was declined or never left
    UNKNOWN = "unknown"
    GONE = "gone"


_A, _R, _M, _C, _L, _G = Life.ASKED, Life.RESTING, Life.AMENDING, Life.CANCELLING, Life.LOST, Life.GONE
_H = Happening
_SOON: Final = SECOND // 4  # after a cancel that was declined, until the next; then twice as long each time,
_LATEST: Final = 16 * SECOND  # up to this
_NEVER: Final = 2 * MINUTE  # after which a fill that our position and every report lack is none
TABLE: Final[dict[Life, dict[Happening, Life]]] = {
    _A: {_H.ACKED: _R, _H.FILLED: _R, _H.CANCEL_SENT: _C, _H.UNKNOWN: _L, _H.GONE: _G},
    _R: {_H.ACKED: _R, _H.FILLED: _R, _H.AMEND_SENT: _M, _H.CANCEL_SENT: _C, _H.UNKNOWN: _L, _H.REFUSED: _R,
         _H.GONE: _G},
    _M: {_H.ACKED: _R, _H.FILLED: _M, _H.CANCEL_SENT: _C, _H.UNKNOWN: _L, _H.REFUSED: _R, _H.GONE: _G},
    # a cancel is sent only to an order that was acked before: another ack is older than the cancel's effect
    _C: {_H.ACKED: _C, _H.FILLED: _C, _H.UNKNOWN: _L, _H.REFUSED: _R, _H.GONE: _G},
    _L: {_H.ACKED: _R, _H.FILLED: _L, _H.CANCEL_SENT: _C, _H.UNKNOWN: _L, _H.REFUSED: _L, _H.GONE: _G},
    _G: {_H.GONE: _G, _H.FILLED: _G, _H.UNKNOWN: _G, _H.REFUSED: _G},
}  # fmt: skip


class Order:
    """One order of ours. While an amend is under way both its old and its new terms count.

    `filled` is what our own fills add up to; `told` what the exchange last said was filled: while `told > filled` a
    fill is still on its way to us and counts as working.
    """

    def __init__(
        self, client_order_id: str, ticker: Ticker, side: Side, price: Price, total: Count, expires_at: Instant,
        asked_at: Instant, life: Life = Life.ASKED, order_id: str = "", *, told: Count = Count(0),
        told_at: Instant = Instant(0), sent_at: Instant = Instant(0), adopted: bool = False, level: int = 0,
    ) -> None:  # fmt: skip
        self.client_order_id = client_order_id
        self.ticker = ticker
        self.side = side
        self.price = price
        self.total = total
        self.expires_at = expires_at
        self.asked_at = asked_at
        self.life = life
        self.order_id = order_id
        self.filled = Count(0)
        self.told = told
        self.told_at = told_at  # our clock when the exchange last said that more of it is filled
        self.new_price: Price | None = None
        self.new_total: Count | None = None
        self.new_expires_at: Instant | None = None
        self.new_left: Count | None = None  # a decrease is under way: what is to remain
        self.sent_at = sent_at
        self.looked_up_at = Instant(0)
        self.heard_at = Instant(0)  # our clock at the last word on it: a list asked for before says nothing newer
        self.updated_at = Instant(0)  # the exchange's stamp of the newest word on it
        self.wanted_gone = False
        self.declined = 0  # cancels of it, by the exchange,
        self.cancel_from = Instant(0)  # and before this none is asked for again
        self.adopted = adopted  # found at the exchange: fills before are inside the positions, `settle_told` says which
        self.level = level
        self.joined_price: Price | None = None  # where `ahead` was counted
        self.ahead = Count(0)  # others' contracts before it at its price, estimated
        # the worst price at which a fill that we were told of and do not have may have been
        self.owed_price: Price | None = None
        self.unsure = False  # a change of it was never answered and may arrive late: `total` may not be reckoned with

    def __repr__(self) -> str:
        """For people: what it is, what may still change of it."""
        told = f"{self.filled} filled, {self.told} told" if self.told != self.filled else f"{self.filled} filled"
        new = f", becoming {self.new_total} at {self.new_price}" if self.new_total is not None else ""
        return f"Order {self.client_order_id}: {self.side} {self.total} at {self.price}, {self.life}, {told}{new}"

    def become(self, happening: Happening) -> None:
        """Move along the table; a missing cell is a bug of ours and stops the process."""
        life = TABLE[self.life].get(happening)
        assert life is not None, f"an order that is {self.life} cannot be {happening}: {self}"
        if happening is Happening.UNKNOWN and self.life is Life.AMENDING:
            self.unsure = True
        self.life = life

    @property
    def working(self) -> bool:
        """Can it still change our position?"""
        return self.life is not Life.GONE or self.told > self.filled

    @property
    def could_fill(self) -> Count:
        """Contracts that may still come from it, the larger of old and new terms."""
        if self.life is Life.GONE:
            left = self.told - self.filled
        elif self.new_total is None or self.new_total < self.total:
            left = self.total - self.filled
        else:
            left = self.new_total - self.filled
        return Count(left if left > 0 else 0)

    @property
    def worst_price(self) -> Price:
        """The price at which a fill hurts most, of old and new terms and of what fills on their way may have had."""
        price = self.price
        if self.new_price is not None:
            price = self._worse(price, self.new_price)
        if self.owed_price is not None and self.told > self.filled:
            price = self._worse(price, self.owed_price)
        return price

    def _worse(self, one: Price, other: Price) -> Price:
        return max(one, other) if self.side is BID else min(one, other)

    def rests_at(self, price: Price) -> None:
        """Its price from now on. Fills that are still on their way to us may have been at the one before."""
        if price != self.price:
            owed = self.told > self.filled
            before = self.price if self.owed_price is None else self._worse(self.price, self.owed_price)
            self.owed_price = before if owed else None
            self.price = price

    @property
    def could_lose(self) -> Money:
        """What its worst fill loses in the outcome that hurts it, before fees."""
        price = self.worst_price
        return Money((price if self.side is BID else ONE_DOLLAR - price) * self.could_fill)

    def tell(self, filled: Count, at: Instant) -> None:
        """The exchange says how much of it has filled; older words say less and change nothing."""
        if filled > self.told:
            self.told, self.told_at = filled, at

    def settle_told(self, asked_at: Instant) -> bool:
        """The account's position, asked for at `asked_at`, is ours: it holds what an adopted order was told to have
        filled before; and what one that is gone was told to have filled long ago, and nobody reports, never was. True
        if that changes anything."""
        if self.filled == self.told or self.told_at > asked_at:
            return False
        if not self.adopted and (self.life is not Life.GONE or asked_at - self.told_at < _NEVER):
            return False
        self.filled = self.told
        return True

    def settle_amend(self) -> None:
        """The amend's new terms are in force (acked)."""
        if self.new_total is not None and self.new_total > self.total:
            self.joined_price = None  # a larger order goes to the back of its queue
        if self.new_price is not None:
            self.rests_at(self.new_price)
        if self.new_total is not None:
            self.total = self.new_total
        if self.new_expires_at is not None:
            self.expires_at = self.new_expires_at
        self.drop_amend()

    def cancel_declined(self, now: Instant) -> None:
        """The exchange would not cancel it (closed a moment ago, paused, a signature too old): at once it would not
        either, and every cancel costs what the others need."""
        self.cancel_from = Instant(now + min(_SOON << min(self.declined, 6), _LATEST))
        self.declined += 1

    def ends(self) -> None:
        """It cannot fill any more. A fill that is still on its way to us may have had the price of an amend, too."""
        if self.told > self.filled:
            self.owed_price = self.worst_price
        self.drop_amend()
        self.become(Happening.GONE)

    def drop_amend(self) -> None:
        """The amend's new terms never came into force."""
        self.new_price = self.new_total = self.new_expires_at = self.new_left = None
