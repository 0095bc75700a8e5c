"""What the embedded exchange must not forget when it is killed: the orders, fills and settlements of its users.

An append-only file of what was said to them, written before they hear it. The rest of the market is made anew.
"""

from pathlib import Path

import msgspec

from core import messages as m
from core.contract import event_of
from core.exchange.matching import Resting
from core.exchange.simulator import Exchange, Settlement
from core.side import BID
from core.units import Count, Instant, Price


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fact about one user: something said to it, or a settlement."""

    user: str
    said: m.Acked | m.Gone | m.Fill | None = None
    post_only: bool = True
    cancel_on_pause: bool = True
    created_at: Instant = Instant(0)
    settled: Settlement | None = None


_LINE = msgspec.json.Decoder(Line)


class Memory:
    """The file, open for appending."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.file = path.open("ab")
        self.settled = 0

    def note(self, exchange: Exchange, user: str, said: m.Said) -> None:
        """Write one notice down, if it is of the kind that must survive."""
        if isinstance(said, m.Acked):
            order = exchange.orders[said.order_id]
            self._write(Line(user, said, order.post_only, order.cancel_on_pause, order.created_at))
        elif isinstance(said, m.Gone | m.Fill):
            self._write(Line(user, said))

    def note_settlements(self, exchange: Exchange) -> None:
        """Write new settlements down."""
        for settlement in exchange.settlements[self.settled :]:
            self._write(Line(settlement.user, settled=settlement))
        self.settled = len(exchange.settlements)

    def _write(self, line: Line) -> None:
        self.file.write(msgspec.json.encode(line) + b"\n")

    def flush(self) -> None:
        """To the operating system: survives kill -9 of this process."""
        self.file.flush()


def restore(path: Path, exchange: Exchange) -> int:
    """Bring back what the file says; a half-written last line is dropped. Returns the number of lines used."""
    if not path.exists():
        return 0
    acked: dict[str, Line] = {}
    used = 0
    for raw in path.read_bytes().split(b"\n"):
        try:
            line = _LINE.decode(raw)
        except msgspec.MsgspecError:
            continue  # the line that was being written when the process was killed, or the empty end
        used += 1
        said = line.said
        if line.settled is not None:
            exchange.settlements.append(line.settled)
            exchange.accounts[line.user].settle(line.settled.ticker, line.settled.value)
        elif isinstance(said, m.Acked):
            acked[said.order_id] = line
        elif isinstance(said, m.Gone):
            acked.pop(said.order_id, None)
            _remember_gone(exchange, line.user, said)
        elif isinstance(said, m.Fill):
            event = event_of(said.ticker)
            exchange.accounts[line.user].trade(said.ticker, event, said.side, said.price, said.count, said.fee)
            exchange.fill_log.append((line.user, said))
    for order_id, line in acked.items():
        said = line.said
        assert isinstance(said, m.Acked), "only acknowledged orders were kept"
        order = Resting(
            order_id, line.user, said.client_order_id, said.ticker, said.side, said.price, said.remaining, said.filled,
            line.created_at, line.post_only, said.expires_at, None, line.cancel_on_pause, updated_at=said.at,
        )  # fmt: skip
        exchange.restore(order)
    exchange.skip_ids(used + 1)
    exchange.drain()
    return used


def _remember_gone(exchange: Exchange, user: str, said: m.Gone) -> None:
    """Its side and price are not kept: nobody asks for those of an order that is gone."""
    status = "executed" if said.reason == "Trade" else "canceled"
    order = Resting(
        said.order_id, user, said.client_order_id, said.ticker, BID, Price(100), Count(0),
        said.filled or Count(0),
        said.at, status=status, reason=said.reason, updated_at=said.at,
    )  # fmt: skip
    exchange.orders[said.order_id] = exchange.by_client_id[(user, said.client_order_id)] = order
