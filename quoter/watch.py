"""`kwm watch`: everything of the header in the terminal, once a second, with the events that matter and the news."""

import contextlib
import time
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live as Screen
from rich.text import Text

from core.errors import KwmError
from quoter import tables as t
from quoter.client import Client, NotRunning
from quoter.shell.heartbeat import watchdog_words
from quoter.status import absent, status_table

_EVENTS, _FILLS, _NOTES = 12, 6, 6
_WITHIN_S = 4.0


def watch() -> None:
    """A live view in the terminal; Ctrl-C ends it."""
    client = Client(_WITHIN_S)
    with Screen(refresh_per_second=2, screen=True) as screen, contextlib.suppress(KeyboardInterrupt):
        while True:
            try:
                screen.update(_drawn(client))
            except NotRunning as error:
                screen.update(absent(client, error))
            except KwmError as error:
                screen.update(Text(str(error), "bold red"))
            time.sleep(1.0)


def _drawn(client: Client) -> RenderableType:
    s, events = client.get("/api/status"), client.get("/api/events")
    s["watchdog"] = watchdog_words(client.data, time.time())
    return drawn(s, events, client.get("/api/account/fills")[:_FILLS], client.get("/api/notes")[-_NOTES:])


def drawn(
    s: dict[str, Any], events: list[dict[str, Any]], fills: list[dict[str, Any]], notes: list[dict[str, Any]]
) -> RenderableType:
    """One frame."""
    for e in events:
        e["held"] = sum(abs(m["position_contracts"]) for m in e["markets"])
        e["forecast"] = "–" if e["mean_f"] is None else f"{e['mean_f']}° ± {e['sd_f']}"
        e["quotes"] = f"{e['quoted']}/{len(e['markets'])}"
    first = sorted(events, key=lambda e: (-e["worst_usd"], e["event"]))[:_EVENTS]
    of_event: dict[str, tuple[str, t.Cell]] = {
        "city": ("city", t.text), "variable": ("", t.text), "day": ("day", t.text), "forecast": ("forecast>", t.text),
        "quotes": ("quoted>", t.text), "held": ("holding>", t.number), "pnl_usd": ("PnL>", t.earned),
        "worst_usd": ("can lose>", t.dollars),
    }  # fmt: skip
    of_fill: dict[str, tuple[str, t.Cell]] = {
        "at_ms": ("time (UTC)", t.moment), "ticker": ("market", t.text), "side": ("side", t.side),
        "price_c": ("price>", t.cents), "contracts": ("contracts>", t.number),
    }  # fmt: skip
    return Group(
        status_table(s), Text(), Text("the events that can lose most", "bold"), t.table(first, of_event), Text(),
        Text("latest fills", "bold"), t.table(fills, of_fill, nothing="none yet"), Text(),
        Text("what happened", "bold"), *(Text(f"{t.moment(n['at_ms'])}  {n['kind']}: {n['words']}") for n in notes),
        Text("Ctrl-C ends this view; the quoter goes on", "dim"),
    )  # fmt: skip
