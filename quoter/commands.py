"""Questions to a running quoter: tables for people, `--json` for scripts. Each command is one question.

Exit codes of every command: 0 fine, 1 failed, 2 wrong usage, 3 no quoter answers, 4 the quoter refused (the words say
why), 5 it runs but does not quote (`kwm status`), 6 not proved that our orders are gone (`kwm halt`, `pause`, `stop`,
`cancel-all`, `kill`).
"""

from difflib import get_close_matches
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from core import config
from core.errors import KwmError
from core.event_words import one_event
from core.units import instant
from quoter import tables as t
from quoter.client import Client, Refused

_SIDES = {"both": "both sides", "bid": "only buying", "ask": "only selling"}
Json = Annotated[bool, typer.Option("--json", help="for scripts: JSON instead of a table")]


def _completed(path: str, key: str, incomplete: str) -> list[str]:
    try:
        found = Client(timeout_s=1.0).get(path)
    except KwmError:
        return []
    return [one[key] for one in found if one[key].startswith(incomplete.upper())]


def market_tickers(incomplete: str) -> list[str]:
    """For shell completion; nothing when no quoter runs."""
    return _completed("/api/markets", "ticker", incomplete)


def event_tickers(incomplete: str) -> list[str]:
    """For shell completion; nothing when no quoter runs."""
    return _completed("/api/events", "event", incomplete)


def find_event(client: Client, words: str) -> dict[str, Any]:
    """The one event that `words` mean: a ticker, or parts of it, of city, variable, day. Raises: KwmError."""
    found = {e["event"]: e for e in client.get("/api/events")}
    said = {name: f"{e['city']} {e['station']} {e['variable']} {e['day']}" for name, e in found.items()}
    one: dict[str, Any] = found[one_event(words, said, "kwm markets")]
    return one


def unknown(ticker: str, known: list[str]) -> str:
    """What a person may have meant by a ticker that is not there."""
    near = [one for one in known if one.startswith(ticker)] or get_close_matches(ticker, known, 5)
    if not near:
        return f"no such market: {ticker}; kwm markets lists them"
    return f"no such market: {ticker}; there are {', '.join(near[:8])}{' ...' if len(near) > 8 else ''}"


def in_order(markets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By event, the coldest bracket first; the quoter knows them in the order in which it heard of them."""
    return sorted(markets, key=lambda m: (m["event"], -999 if m["low"] is None else m["low"], m["ticker"]))


def positions(as_json: Json = False) -> None:
    """What we hold, by market."""
    found = Client().get("/api/account/positions")
    if as_json:
        return t.say_json(found)
    columns: dict[str, tuple[str, t.Cell]] = {
        "ticker": ("market", t.text), "contracts": ("contracts>", t.number), "mark_c": ("mark>", t.cents),
        "cash_usd": ("cash>", t.dollars), "value_usd": ("value>", t.dollars), "net": ("net>", t.earned),
    }  # fmt: skip
    return t.show(
        t.table(({**p, "net": p["cash_usd"] + p["value_usd"]} for p in found), columns, nothing="we hold nothing")
    )


def orders(as_json: Json = False) -> None:
    """Our working orders."""
    found = Client().get("/api/account/orders")
    if as_json:
        return t.say_json(found)
    columns: dict[str, tuple[str, t.Cell]] = {
        "ticker": ("market", t.text), "side": ("side", t.side), "price_c": ("price>", t.cents),
        "contracts": ("contracts>", t.number), "filled_contracts": ("filled>", t.number), "life": ("life", t.text),
        "expires_in_s": ("expires>", t.age), "id": ("id", t.text),
    }  # fmt: skip
    return t.show(t.table(found, columns, nothing="nothing rests"))


def fills(as_json: Json = False) -> None:
    """Our latest fills, newest first, those of earlier runs of the last day included; of this run's also what
    the market did after them (markouts, cents our way)."""
    found = Client().get("/api/account/fills")
    if as_json:
        return t.say_json(found)
    rows = [{**f, **{f"m{s}": f["markouts_c"].get(s) for s in ("60", "300", "1800")}} for f in found]
    columns: dict[str, tuple[str, t.Cell]] = {
        "at_ms": ("time (UTC)", t.moment), "ticker": ("market", t.text), "side": ("side", t.side),
        "price_c": ("price>", t.cents), "contracts": ("contracts>", t.number), "fee_usd": ("fee>", t.dollars),
        "m60": ("1 min>", t.cents), "m300": ("5 min>", t.cents), "m1800": ("30 min>", t.cents),
    }  # fmt: skip
    return t.show(t.table(rows, columns, nothing="no fill yet"))


def balance(as_json: Json = False) -> None:
    """Free cash at the exchange."""
    found = Client().get("/api/account/balance")
    return t.say_json(found) if as_json else t.show(t.dollars(found["balance_usd"]))


def markets(
    event: Annotated[str, typer.Argument(help="only this event: ticker, or words", autocompletion=event_tickers)] = "",
    as_json: Json = False,
) -> None:
    """Book, fair value and our quote of every market."""
    client = Client()
    wanted = find_event(client, event)["event"] if event else ""
    found = in_order([m for m in client.get("/api/markets") if not wanted or m["event"] == wanted])
    if as_json:
        return t.say_json(found)
    for m in found:
        sides = ["–" if not s else str(t.cents(s[0]["price_c"])) for s in (m["our_bids"], m["our_asks"])]
        m["ours"], m["market"] = " / ".join(sides), f"{t.cents(m['bid_c'])} / {t.cents(m['ask_c'])}"
        m["why"] = "; ".join(dict.fromkeys([*m["bid_reasons"], *m["ask_reasons"]]))
    columns: dict[str, tuple[str, t.Cell]] = {
        "ticker": ("market", t.text), "bracket": ("bracket>", t.text), "fair_c": ("fair>", t.cents),
        "market": ("market>", t.text), "ours": ("ours>", t.text), "position_contracts": ("held>", t.number),
        "why": ("why not", lambda v: Text(v, "dim")),
    }  # fmt: skip
    if t.narrow(76):
        del columns["bracket"]
    if not t.narrow(100):
        return t.show(t.table(found, columns))
    del columns["why"]
    return t.show(t.table(found, columns), Text("kwm why MARKET says why a side is not quoted", "dim"))


def risk(as_json: Json = False) -> None:
    """Limits and how much of each is used."""
    found = Client().get("/api/risk/status")
    if as_json:
        return t.say_json(found)
    rows = [{**u, "bar": t.bar(u["used_usd"] / u["limit_usd"] if u["limit_usd"] else 0.0)} for u in found["used"]]
    columns: dict[str, tuple[str, t.Cell]] = {
        "limit": ("limit", t.text), "bar": ("", lambda v: v), "used_usd": ("used>", t.dollars),
        "limit_usd": ("of>", t.dollars),
    }  # fmt: skip
    t.show(t.table(rows, columns))
    if found["halted"]:
        t.show(f"[bold red]halted: {found['halted']}[/]")
    for reason, n in found["refusals"].items():
        t.show(Text(f"refused {n} times: {reason.replace('_', ' ')}", "dim"))
    return None


def pnl(as_json: Json = False) -> None:
    """Profit and loss today; what this run has settled and paid in fees; and the events that made it."""
    client = Client()
    s, events = client.get("/api/status"), client.get("/api/events")
    keys = {
        "pnl_usd": "PnL today, marked",
        "realised_usd": "settled in this run",
        "fees_usd": "fees of this run",
        "worst_usd": "can lose now",
        "worst_seen_usd": "could lose at most, this run",
        "balance_usd": "balance",
    }
    moved = sorted((e for e in events if abs(e["pnl_usd"]) > 0.004), key=lambda e: -abs(e["pnl_usd"]))
    by_event = [{k: e[k] for k in ("event", "city", "variable", "day", "pnl_usd", "worst_usd")} for e in moved]
    if as_json:
        return t.say_json({**{key: s[key] for key in keys}, "events": by_event})
    rows = [{"k": words, "v": s[key]} for key, words in keys.items()]
    t.show(t.table(rows, {"k": ("", t.text), "v": (">", t.earned)}))
    columns: dict[str, tuple[str, t.Cell]] = {
        "event": ("event", t.text), "city": ("city", t.text), "variable": ("", t.text), "day": ("day", t.text),
        "pnl_usd": ("PnL>", t.earned), "worst_usd": ("can lose>", t.dollars),
    }  # fmt: skip
    return t.show("", t.table(by_event[:20], columns, nothing="no event has moved the PnL"))


def why(
    ticker: Annotated[
        str, typer.Argument(help="a market, for example KXHIGHNY-26NOV24-B48.5", autocompletion=market_tickers)
    ],
    at: Annotated[str, typer.Option(help="then, from the journal: for example 2026-11-24T15:00:00Z")] = "",
    as_json: Json = False,
) -> None:
    """Why a market is quoted as it is, or is not; now, or (`--at`) at an instant of the past."""
    ticker = ticker.upper()
    if at:
        from quoter.shell.why_then import told, why_then  # imported here: the journal's reader is for this alone

        when = instant(at, "--at")
        then = why_then(config.load().storage.data.resolve(), ticker, when)
        typer.echo(msgspec.json.encode(then).decode() if as_json else "\n".join(told(ticker, when, then)))
        return None
    client = Client()
    try:
        found = client.get(f"/api/why/{ticker}")
    except Refused as error:
        raise Refused(unknown(ticker, [one["ticker"] for one in client.get("/api/markets")])) from error
    if as_json:
        return t.say_json(found)
    fair = found["fair_usd"]
    t.show(f"{ticker}: fair {'unknown' if fair is None else t.cents(round(fair * 100, 1))}")
    if found["half_spread_c"] is not None:
        t.show(Text(f"  {found['half_spread_c']} cents wanted a side, moved {found['skew_c']:+} by inventory", "dim"))
    for one in ("bid", "ask"):
        quote = found[one]["quote"]
        if quote is not None:
            t.show(f"  {one}: {t.number(quote['contracts'])} at {t.cents(quote['price_c'])}")
        for reason in found[one]["reasons"]:
            t.show(f"  no {one}: {reason['words']}")
    return None


def ladder(
    event: Annotated[
        str, typer.Argument(help='ticker, or words: "new york high"', autocompletion=event_tickers)
    ],
    as_json: Json = False,
) -> None:  # fmt: skip
    """What each outcome of an event earns: held, and with everything that rests filled the worst way."""
    client = Client()
    shown = find_event(client, event)
    found = client.get(f"/api/ladder/{shown['event']}")
    if as_json:
        return t.say_json(found)
    mean = "no forecast" if found["mean_f"] is None else f"forecast {found['mean_f']}° ± {found['sd_f']}"
    seen = "" if found["observed_f"] is None else f", observed so far {found['observed_f']}°"
    t.show(f"[bold]{shown['city']} {shown['variable']}, {shown['day']}[/]  {mean}{seen}")
    columns: dict[str, tuple[str, t.Cell]] = {
        "bracket": ("bracket", t.text), "fair_c": ("fair>", t.cents), "market_c": ("market>", t.cents),
        "bar": ("", lambda v: v), "held_usd": ("earns>", t.earned), "worst_usd": ("at the worst>", t.earned),
    }  # fmt: skip
    most = max((r["fair_c"] for r in found["brackets"]), default=1.0)
    return t.show(t.table(({**r, "bar": t.bar(r["fair_c"] / most * 0.79, 12)} for r in found["brackets"]), columns))


def opportunities(
    series: Annotated[str, typer.Argument(help="only series that begin with this")] = "",
    top: Annotated[int, typer.Option(min=1, help="how many")] = 40,
    as_json: Json = False,
) -> None:
    """Every open weather market ranked by what quoting it should earn; `kwm config events.only=...` chooses events."""
    found = Client().get(f"/api/opportunities?series={series.upper()}")[:top]
    if as_json:
        return t.say_json(found)
    for o in found:
        o["said"] = _SIDES.get(o["quoted"]) or "; ".join(o["reasons"])
    columns: dict[str, tuple[str, t.Cell]] = {
        "ticker": ("market", t.text), "bracket": ("bracket>", t.text), "score": ("$ a day>", t.number),
        "edge_c": ("edge>", t.cents), "spread_c": ("spread>", t.cents), "depth_contracts": ("depth>", t.number),
        "volume_24h_contracts": ("volume>", t.number), "fair_c": ("fair>", t.cents), "mid_c": ("market>", t.cents),
        "left_usd": ("left>", t.dollars), "incentive": ("incentive", t.text), "said": ("quoted, or why not", t.text),
    }  # fmt: skip
    nothing = f"no open weather market of {series.upper()}" if series else "the exchange lists no open weather market"
    if t.narrow():  # the page and --json have every column
        for name in ("bracket", "depth_contracts", "left_usd", "incentive", "volume_24h_contracts"):
            del columns[name]
    return t.show(t.table(found, columns, nothing=nothing))
