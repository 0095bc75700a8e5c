"""The paper session as the dashboard shows it: `PaperControl` in the page's words, read at most every few seconds."""

import time

from core.config import Settings
from quoter.dashboard import models as v
from quoter.paper.control import PaperControl

_KEPT_S = 3.0
_MS = 1_000_000


class PaperShown:
    """Has the verbs of `quoter/dashboard/paper.py`."""

    def __init__(self, settings: Settings) -> None:
        self.control = PaperControl(settings)
        self.kept: v.PaperStatus | None = None
        self.read_at = 0.0

    def status(self) -> v.PaperStatus:
        """How it goes; the profit is what the paper account says, the words name the haircut."""
        if self.kept is None or time.monotonic() - self.read_at > _KEPT_S:
            self.read_at = time.monotonic()
            found, began = self.control.status(), self.control.began_at()
            self.kept = v.PaperStatus(
                running=found["running"], started_at_ms=None if began is None else began // _MS,
                pnl_usd=found["pnl_usd"], worst_usd=found["worst_usd"], orders=found["orders"], fills=found["fills"],
                words=found["words"],
            )  # fmt: skip
        return self.kept

    async def start(self) -> None:
        """Begin, or go on."""
        self.kept = None
        await self.control.start()

    async def stop(self) -> None:
        """End it."""
        self.kept = None
        await self.control.stop()

    async def reset(self) -> None:
        """Put it aside and begin with nothing."""
        self.kept = None
        await self.control.reset()

    def timeseries(self) -> list[v.PaperPoint]:
        """A point a minute."""
        return [
            v.PaperPoint(
                at_ms=p.at // _MS, pnl_usd=p.pnl / 1e6, worst_usd=p.worst / 1e6, orders=p.orders, fills=p.fills
            )
            for p in self.control.points()
        ]

    def fills(self) -> list[v.FillShown]:
        """Newest first."""
        return [
            v.FillShown(
                at_ms=f.filled_at // _MS, ticker=f.ticker, side=f.side.value, price_c=f.price / 100,
                contracts=f.count / 100, fee_usd=f.fee / 1e6, taker=f.is_taker, id=f.client_order_id,
            )
            for f in self.control.fills_list()
        ]  # fmt: skip

    def export(self) -> bytes:
        """All of it."""
        return self.control.export()
