"""`kwm status`: in one look, am I quoting, why not, what can I lose, what must I do. Exit code 5: alive, not quoting.

A quoter that does not answer is not the same as one that is not there: beside the first no second one may be started.
"""

import sys
import time
from typing import Any

from rich.text import Text

from core.units import MONEY_PER_DOLLAR
from quoter import tables as t
from quoter.client import Client, Hangs, NotRunning
from quoter.commands import Json
from quoter.shell.heartbeat import path_of, watchdog_words

_NOT_QUOTING = 5  # exit code
_WITHIN_S = 4.0
_WATCHING = "watching"
_NOT_NEEDED = "none: nothing here trades"

Line = tuple[str, Any]


def status(as_json: Json = False) -> None:
    """Am I quoting, why not, what can I lose, what must I do. Exit code 5: alive, not quoting."""
    client = Client(_WITHIN_S)
    watchdog = _watchdog(client)
    try:
        found = client.get("/api/status")
    except NotRunning as error:
        last, age_s, hangs = *_last(client), isinstance(error, Hangs)
        if as_json:
            t.say_json({"running": False, "hangs": hangs, "watchdog": watchdog, "last": in_dollars(last, age_s)})
        else:
            t.show(absent(client, error))
        sys.exit(error.exit_code)
    found["watchdog"] = watchdog
    if as_json:
        t.say_json(found)
    else:
        t.show(status_table(found))
    sys.exit(0 if found["state"] == "quoting" else _NOT_QUOTING)


def absent(client: Client, error: NotRunning) -> Any:
    """What there is to say where no quoter answers."""
    last, age_s = _last(client)
    watchdog, life_s = _watchdog(client), client.settings.engine.order_life_s
    return lines(unanswered(str(error), isinstance(error, Hangs), last, age_s, life_s, watchdog))


def _watchdog(client: Client) -> str:
    """One line on it."""
    return _NOT_NEEDED if client.settings.paper.only else watchdog_words(client.data, time.time())


def _last(client: Client) -> tuple[dict[str, Any], float]:
    """The last heartbeat, and how many seconds ago it was written."""
    last = client.last_heartbeat()
    return last, max(0.0, time.time() - path_of(client.data).stat().st_mtime) if last else 0.0


def in_dollars(last: dict[str, Any], age_s: float) -> dict[str, Any]:
    """The last heartbeat under the names of the running quoter's status; {} when there is none."""
    if not last:
        return {}
    money = {"pnl": "pnl_usd", "worst": "worst_usd", "fees": "fees_usd", "balance": "balance_usd"}
    usd = {name: None if last.get(key) is None else last[key] / MONEY_PER_DOLLAR for key, name in money.items()}
    kept = {key: last.get(key) for key in ("run", "state", "halted", "paused", "reduce_only", "working", "day")}
    return {**kept, **usd, "age_s": round(age_s, 1)}


def lines(rows: list[Line]) -> Any:
    """What, and what of it."""
    columns: dict[str, tuple[str, t.Cell]] = {"k": ("", lambda v: Text(v, "dim")), "v": ("", lambda v: v)}
    return t.table([{"k": k, "v": v} for k, v in rows], columns, heads=False)


def unanswered(
    said: str, hangs: bool, last: dict[str, Any], age_s: float, order_life_s: float, watchdog: str
) -> list[Line]:
    """No answer: what rests all the same, and what to do. `last`: the last heartbeat, `age_s` seconds old;
    `order_life_s`: how long an order of ours rests when nobody renews it."""
    rows: list[Line] = [("state", Text("HANGS" if hangs else "NOT RUNNING", "bold red")), ("", said)]
    working = 0
    if last:
        proved = watchdog.startswith("FIRED") and "none left, verified" in watchdog
        working = 0 if proved or age_s >= order_life_s else int(last.get("working") or 0)
        earned = (last.get("pnl") or 0) / MONEY_PER_DOLLAR
        rows += [
            ("last word", f"{t.age(age_s)} ago: {last.get('state')}, PnL that day {t.dollars(earned)}"),
            ("could lose", f"{t.dollars((last.get('worst') or 0) / MONEY_PER_DOLLAR)} then; what is held stays held"),
            ("orders", _resting(working, order_life_s - age_s, proved)),
        ]  # fmt: skip
    rows.append(("watchdog", watchdog))
    if hangs:
        then = "kwm kill, then end the quoter's process: kwm up starts it again. Start no second one beside it"
    else:
        then = "kwm kill takes them away now; then kwm up" if working else "kwm up starts everything"
    return [*rows, ("to do", Text(then, "bold"))]


def _resting(working: int, left_s: float, proved: bool) -> str:
    if working:
        return f"{working} may still rest, for {t.age(left_s)} at most"
    return "none is left: the watchdog proved it" if proved else "none of that run's can rest any more"


def status_table(s: dict[str, Any]) -> Any:
    """The header of everything: state and why, what to do, what can be lost, then the rest."""
    limits, lost = s["limits"], s.get("lost_today_usd", max(0.0, -s["pnl_usd"]))
    good = s["state"] == "quoting"
    state = Text(s["state"].upper(), "bold green" if good else "bold red").append(f"  {s['environment']}", "dim")
    pub = s["publication_age_s"]
    rows: list[Line] = [
        ("state", state),
        *(("why not", Text(reason, "bold red")) for reason in why_not(s)),
        *((("reducing", Text(f"only orders that reduce a position: {s['reduce_only']}", "bold yellow")),)
          if s["reduce_only"] else ()),
        *(("to do", Text(words, "bold")) for words in to_do(s)),
        ("can lose", t.bar(s["worst_usd"] / limits["total_usd"] if limits["total_usd"] else 0.0)
         .append(f" ${s['worst_usd']:,.2f} of ${limits['total_usd']:,.2f}")),
        ("lost today", t.bar(lost / limits["daily_usd"] if limits["daily_usd"] else 0.0)
         .append(f" ${lost:,.2f} of ${limits['daily_usd']:,.2f}")),
        ("PnL today", t.earned(s["pnl_usd"]).append(f"  since 00:00 UTC, fees ${s['fees_usd']:,.2f}", "dim")),
        ("holds", Text(f"{s['held']} markets, free {t.dollars(s['balance_usd'])}")),
        ("quotes", f"{s['markets_quoted']} of {s['markets']} markets, {s['working']} working orders"),
        *(("", Text(f"{n} market{'' if n == 1 else 's'}: {words}", "dim")) for words, n in
          sorted(s["not_quoted"].items(), key=lambda kv: -kv[1])[:4] if words not in s["reasons"]),
        ("fills", f"{s['counters']['fills']} in this run"),
        ("forecast", "none yet" if pub is None else f"{t.age(pub)} old, good for {t.age(s['publication_left_s'])}"),
        ("exchange", f"connected, heard {t.age(s['feed_age_s'])} ago" if s["connected"] else Text("down", "bold red")),
        *((("watchdog", Text(s["watchdog"], "" if s["watchdog"] in (_WATCHING, _NOT_NEEDED) else "bold red")),)
          if "watchdog" in s else ()),
    ]  # fmt: skip
    return lines(rows)


def why_not(s: dict[str, Any]) -> list[str]:
    """Why nothing at all is quoted; a halt in the words of who halted."""
    stopped = [s["halted"]] if s["halted"] else []
    refused = [f"the latest publication is refused: {s['publication_trouble']}"] if s["publication_trouble"] else []
    return stopped + [r for r in s["reasons"] if not (stopped and r.startswith("halted"))] + refused


def to_do(s: dict[str, Any]) -> list[str]:
    """What the quoter asks of a person, and what its silent watchdog does."""
    watchdog = s.get("watchdog", _WATCHING)
    return [*s.get("to_do", []), *(["kwm watchdog, in another terminal"] if watchdog.startswith("not running") else [])]
