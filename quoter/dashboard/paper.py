"""What the dashboard asks of a paper session: anything with these verbs. Who builds one is not known here."""

from typing import Protocol

from quoter.dashboard import models as v


class PaperSession(Protocol):
    """A session that quotes the live books with imagined orders."""

    def status(self) -> v.PaperStatus:
        """How it goes."""

    async def start(self) -> None:
        """Begin, or go on after a stop."""

    async def stop(self) -> None:
        """Stop quoting; what happened stays readable."""

    async def reset(self) -> None:
        """Forget everything and begin with an empty account."""

    def timeseries(self) -> list[v.PaperPoint]:
        """Oldest first, a point a minute."""

    def fills(self) -> list[v.FillShown]:
        """Newest first."""

    def export(self) -> bytes:
        """Every fill, order and point as one JSON document."""
