"""The doctor's look at the exchange: keys, clock, host, permissions, balance, limits, listing, fees. Reads only."""

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.config import Settings, place
from core.contract import Market, read_rules
from core.doctor_lines import Line, fail, ok, warn
from core.doctor_settings import other_keys
from core.errors import Declined, KwmError, SettingsError, Unsent
from core.exchange.catalog import Catalog
from core.exchange.costs import dearer
from core.exchange.credentials import Credentials, credentials
from core.exchange.rest import Rest
from core.rules_text import PINNED, pin, wording
from core.units import SECOND, Instant, from_datetime, instant, price_text

_WORD_OF = {"twc": "weather company", "nws": "national weather service"}
_SKEW_WARN, _SKEW_FAIL = 2 * SECOND, 5 * SECOND  # the Date header is good to a second; 5 s were taken, 30 s refused


def key(settings: Settings) -> tuple[Line, Credentials | None]:
    """The key pair: there, readable, of a kind we can sign with."""
    try:
        found = credentials(settings)
        kind = found.key()
    except SettingsError as error:
        return fail("key", str(error), "see README, how to go to demo and production"), None
    if isinstance(kind, Ed25519PrivateKey):
        return ok("key", f"Ed25519, id {found.key_id[:8]}"), found
    return warn("key", f"RSA, id {found.key_id[:8]}", "make an Ed25519 key: it signs ten times as fast"), found


def skew(date: str, now: Instant) -> Line:
    """Our wall clock against the server's `Date`; a signature with a wrong time is refused."""
    try:
        theirs = from_datetime(parsedate_to_datetime(date))
    except (ValueError, TypeError):
        return warn("clock skew", f"the server tells no time ({date[:40]!r})", "compare your clock by hand")
    off = now - theirs
    words = f"{off / SECOND:+.1f} s against the exchange, which tells whole seconds"
    if abs(off) > _SKEW_FAIL:
        return fail("clock skew", words, "start time synchronisation (chrony, systemd-timesyncd)")
    return ok("clock skew", words) if abs(off) <= _SKEW_WARN else warn("clock skew", words, "synchronise the clock")


def scope_line(scopes: list[str]) -> Line:
    """What a key may do: a maker reads and trades, and moves no money. Pure."""
    given, words = set(scopes), ", ".join(scopes)
    if "read" not in given or not {"write", "write::trade"} & given:
        return fail("permissions", words or "none", "the key needs read and write::trade")
    if {"write::transfer", "write"} & given:
        return warn("permissions", words, "write::transfer may move money: make a key with read and write::trade only")
    return ok("permissions", words)


async def _tried(name: str, look: Callable[[], Awaitable[Line]]) -> Line:
    try:
        return await look()
    except Unsent as error:
        return fail(name, str(error)[:160], "is the exchange up (`kwm up`), the network, the port?")
    except Declined as error:
        key = "check key id and key file: do they belong together, and to this environment? Is the clock right?"
        remedy = key if error.status == 401 else "see the code"
        return fail(name, str(error)[:160], remedy)
    except KwmError as error:
        return fail(name, str(error)[:160], "try again; `kwm doctor --schema` shows a changed answer")


async def exchange(
    settings: Settings, rest: Rest, catalog: Catalog, key_id: str, now: Callable[[], Instant]
) -> list[Line]:
    """Every look at the exchange, in the order in which one explains the next. `now` is the wall clock."""
    shard = settings.exchange.exchange_index

    async def host() -> Line:
        status = await rest.status()
        if not status.active:
            return fail("exchange", "not active: nothing is accepted, cancels neither", "wait; `kwm up` waits too")
        if not status.trading:
            return warn("exchange", f"shard {shard} is paused", "Thursdays 03:00 to 05:00 ET are the weekly pause")
        return ok("exchange", f"{place(settings)}: shard {shard} is trading")

    async def balance() -> Line:
        paper, least = settings.paper, settings.risk.min_balance
        have = paper.balance if paper.only else await rest.balance()
        words = f"${have / 1e6:,.2f} " + ("imagined" if paper.only else f"free on shard {shard}")
        more = "raise [paper] balance" if paper.only else "pay in"
        if have < least:
            why = f"below [risk] min_balance ${least / 1e6:,.2f} nothing is placed"
            return fail("balance", words, f"{why}: {more}, or lower it")
        total = settings.risk.max_loss_total
        if have < total:
            words += f", less than [risk] max_loss_total ${total / 1e6:,.2f}"
            return warn("balance", words, f"orders are refused before that limit binds: {more}, or lower it")
        return ok("balance", words)

    async def limits() -> Line:
        found, engine = await catalog.limits(), settings.engine
        bucket = found.write
        words = f"{found.usage_tier}: {bucket.refill_rate:g} write tokens a second, {bucket.bucket_capacity:g} at once"
        if engine.write_tokens_per_s > bucket.refill_rate or engine.write_burst > bucket.bucket_capacity:
            return warn("limits", words, "lower [engine] write_tokens_per_s and write_burst to these")
        return ok("limits", words)

    async def costs() -> Line:
        dear = dearer(await catalog.costs())
        if dear:
            words = f"{len(dear)} of our calls: {dear[0]}"
            return warn("costs", words, "lower [engine] write_tokens_per_s and write_burst, or be throttled")
        return ok("costs", "no call costs more tokens than we reckon with")

    async def permissions() -> Line:
        try:
            scopes = await catalog.scopes(key_id)
        except Declined as error:
            if settings.exchange.environment == "embedded":
                return ok("permissions", "the embedded exchange knows no scopes")
            return warn("permissions", f"not told: {error.code}", "the key needs read and write::trade, no more")
        if scopes is None:
            return warn("permissions", "the account does not list this key", "compare [exchange] key_id")
        return ok("permissions", ", ".join(scopes)) if settings.paper.only else scope_line(scopes)

    async def schedule() -> Line:
        windows = (await catalog.schedule()).maintenance_windows
        ahead = [w for w in windows if instant(w.get("end_datetime", ""), "end_datetime") > now()]
        if ahead:
            words = f"maintenance {ahead[0].get('start_datetime')} to {ahead[0].get('end_datetime')}"
            return warn("schedule", words, "no quotes then; our orders ask to be cancelled on a pause")
        return ok("schedule", "no maintenance announced; pause every Thursday 03:00 to 05:00 ET")

    first = await _tried("exchange", host)
    lines = [first]
    if first.verdict != "fail":
        lines.append(skew(rest.sdk.date, now()))
        for name, look in (
            ("balance", balance),
            ("limits", limits),
            ("costs", costs),
            ("permissions", permissions),
            ("schedule", schedule),
        ):
            lines.append(await _tried(name, look))
        lines += await _beside(settings, rest, catalog)
        lines += await listing(settings, catalog)
    return lines


async def _beside(settings: Settings, rest: Rest, catalog: Catalog) -> list[Line]:
    """The other keys, and what is in the account already; where that cannot be asked, the lines above say why."""
    lines: list[Line] = []
    if settings.exchange.environment != "embedded":
        with contextlib.suppress(KwmError):
            lines += other_keys(settings, await catalog.every_scope())
    with contextlib.suppress(KwmError):
        orders = [o.client_order_id for o in (await rest.report_orders()).orders]
        held = sum(bool(p.position) for p in (await rest.report_positions()).positions)
        lines.append(account_line(orders, held, settings.engine.run_prefix + "-"))
    return lines


def account_line(orders: list[str], held: int, prefix: str) -> Line:
    """What rests and what is held before we do anything. `orders`: client ids. Pure."""
    ours = sum(name.startswith(prefix) for name in orders)
    words = (
        f"{ours} orders of ours ({prefix}...) rest, {len(orders) - ours} of others; positions in {held} markets."
        " Others' orders count against the limits and are never touched; every position counts as ours"
    )
    return ok("account", words)


async def listing(settings: Settings, catalog: Catalog) -> list[Line]:
    """The chosen series, their fees, and whether their markets' rules describe the station-days they should."""
    try:
        fees, refused = await catalog.series_fees()
        changes, _ = await catalog.fee_changes()
    except KwmError as error:
        return [fail("series", str(error)[:160], "`kwm doctor --schema` shows a changed answer")]
    wanted = [s for station in settings.events.stations() for s in (station.series_high, station.series_low)
              if settings.events.wants(s)]  # fmt: skip
    lines: list[Line] = []
    missing = [s for s in wanted if s not in fees]
    words = f"{len(wanted) - len(missing)} of {len(wanted)} chosen series listed with fees we can compute"
    if missing:
        why = "; ".join(f"{s}: {refused.get(s, 'not listed')}" for s in missing[:3])
        lines.append(
            warn("series", f"{words}; {why}", "they are not quoted; take them out of [events] or find out why")
        )
    else:
        lines.append(ok("series", words))
    charged = [s for s in wanted if s in fees and fees[s].maker]
    if charged:
        lines.append(
            warn("maker fees", f"{len(charged)} series charge makers, {charged[0]} first", "raise [quoting] edge")
        )
    else:
        lines.append(ok("maker fees", "none"))
    pending = [c for c in changes if c.series in wanted]
    if pending:
        lines.append(
            warn("fee changes", f"{pending[0].series} and {len(pending) - 1} more", "read /series/fee_changes")
        )
    markets: list[Market] = []
    why_not: dict[str, str] = {}
    sources: dict[str, str] = {}
    for series in wanted:
        if series in fees:
            try:
                found = await catalog.events(series, fees[series])
            except KwmError as error:
                why_not[series] = str(error)
            else:
                markets += found.markets
                why_not |= found.refused
                sources |= found.sources
    shard = settings.exchange.exchange_index
    return [*lines, *_markets(markets, why_not), *rules_lines(markets, sources, shard)]


def rules_lines(markets: list[Market], sources: dict[str, str], shard: int) -> list[Line]:
    """What the rules say and whether a person has read that wording; who settles; on which shard. Pure."""
    if not markets:
        return []
    pins = Counter(pin(x.rules) for x in markets)
    unread = {p: next(x for x in markets if pin(x.rules) == p) for p in pins if p not in PINNED}
    lines = [ok("rules", f"{pins[p]} x {PINNED[p]} ({p})") for p in pins if p in PINNED]
    lines += [
        warn("rules", f"{pins[p]} x a wording nobody has read ({p}): {wording(x.rules)[:200]}",
             "read it (settlement source, report, exceptions), then pin it in core/rules_text.py")
        for p, x in unread.items()
    ]  # fmt: skip
    wrong = [
        (x.event_ticker, sources.get(x.event_ticker, ""))
        for x in markets
        if _WORD_OF.get(read_rules(x.rules).source or "", "?") not in sources.get(x.event_ticker, "").lower()
    ]
    words = ", ".join(f"{n} x {name or 'none named'}" for name, n in Counter(sources.values()).items())
    if wrong:
        lines.append(warn("settlement source", f"{wrong[0][0]} names {wrong[0][1] or 'none'}, its rules another",
                          "read the rules of these events before quoting them"))  # fmt: skip
    else:
        lines.append(ok("settlement source", words))
    elsewhere = sorted({x.ticker for x in markets if x.exchange_index != shard})
    if elsewhere:
        lines.append(fail("exchange index", f"{len(elsewhere)} markets are not on shard {shard}: {elsewhere[0]}",
                          "set [exchange] exchange_index to theirs, or do not choose them"))  # fmt: skip
    else:
        lines.append(ok("exchange index", f"all {len(markets)} markets are on shard {shard}"))
    return lines


def _markets(markets: list[Market], refused: dict[str, str]) -> list[Line]:
    events = {x.event_ticker for x in markets}
    words = f"{len(events)} events with {len(markets)} markets read, rules checked against station and day"
    lines = [ok("markets", words) if markets else warn("markets", "none open", "they open at 14:00 UTC the day before")]
    if refused:
        ticker, why = next(iter(refused.items()))
        lines.append(warn("refused", f"{len(refused)}: {ticker}: {why[:120]}", "they are not quoted; read their rules"))
    grids = Counter("/".join(price_text(step) for _, _, step in x.grid.ranges) for x in markets)
    if grids:
        lines.append(ok("price steps", ", ".join(f"{n} x {steps}" for steps, n in grids.items())))
    return lines
