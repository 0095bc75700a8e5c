"""The table of the API: every path, what answers it, in which shape. The server and the OpenAPI document read it."""

from quoter.dashboard import models as v
from quoter.dashboard.changes import Changes, Sim
from quoter.dashboard.openapi import Op
from quoter.dashboard.reads import Reads

_GET, _POST, _PATCH = "GET", "POST", "PATCH"


def operations(r: Reads, c: Changes, s: Sim) -> list[Op]:
    """All of them."""
    return [*_reads(r), *_commands(c), *_paper(s)]


def _reads(r: Reads) -> list[Op]:
    market, event, exchange = (404,), (404,), (404, 502)
    return [
        Op(_GET, "/api/status", r.status, "State, money, limits, ages, and why nothing is quoted", v.Status),
        Op(_GET, "/api/strategy/status", r.status, "The same as /api/status", v.Status),
        Op(_GET, "/api/account/balance", r.balance, "Free cash at the exchange", v.Balance),
        Op(_GET, "/api/account/positions", r.positions, "What we hold", list[v.Position]),
        Op(_GET, "/api/account/orders", r.orders, "Our working orders", list[v.OrderShown]),
        Op(_GET, "/api/account/fills", r.fills, "Our latest fills with markouts, newest first", list[v.FillShown]),
        Op(_GET, "/api/markets", r.markets, "Book, fair and quote of every market", list[v.MarketView]),
        Op(_GET, "/api/strategy/markets", r.markets, "The same as /api/markets", list[v.MarketView]),
        Op(_GET, "/api/markets/{ticker}/orderbook", r.book, "All levels, ours marked", v.BookView, refusals=market),
        Op(_GET, "/api/markets/{ticker}/trades", r.trades, "Anybody's trades of the last six hours",
           list[v.TradeShown], refusals=exchange),
        Op(_GET, "/api/markets/{ticker}/series", r.series, "Fair, market and our quotes through the day", v.Series,
           refusals=market),
        Op(_GET, "/api/events", r.events, "Every event with its markets", list[v.EventView]),
        Op(_GET, "/api/why/{ticker}", r.why, "For each side: the quote, or every reason against it", v.Why,
           refusals=market),
        Op(_GET, "/api/ladder/{event}", r.ladder, "What each outcome of one event earns", v.Ladder, refusals=event),
        Op(_GET, "/api/fair", r.fair, "Forecast and market distributions of every published event", list[v.Ladder],
           queries={"event": "only events whose ticker begins with this"}),
        Op(_GET, "/api/publication", r.publication, "The publication in force, as the flows wrote it", refusals=(404,)),
        Op(_GET, "/api/opportunities", r.opportunities, "Every open weather market, best first", list[v.Opportunity],
           queries={"series": "only series that begin with this"}),
        Op(_GET, "/api/flows", r.flows, "Flow runs, asked of the Prefect server", v.Flows),
        Op(_GET, "/api/risk/status", r.risk, "Limits and how much of each is used", v.Risk),
        Op(_GET, "/api/pnl/curve", r.curve, "PnL and worst case of this run, a point a minute", v.Curve),
        Op(_GET, "/api/notes", r.notes, "Alerts and commands, oldest first", list[v.Note]),
        Op(_GET, "/api/config", r.config, "Every setting in force, and whether it may change now", v.Config),
        Op(_GET, "/api/health", r.health, "Alive, ready, stale; always 200 while the quoter lives", v.Health),
        Op(_GET, "/api/health/ready", r.ready, "200 when ready, else 503", v.Health, refusals=(503,)),
        Op(_GET, "/metrics", r.metrics, "Prometheus text", media="text/plain"),
        Op(_GET, "/api/stream", r.stream, "Server-sent events: a snapshot, then what changes; resumes by Last-Event-ID",
           media="text/event-stream"),
    ]  # fmt: skip


def _commands(c: Changes) -> list[Op]:
    plain = [
        ("/api/strategy/start", c.resume, "Quote (the same as resume)"),
        ("/api/strategy/resume", c.resume, "Quote again after pause or halt"),
        ("/api/strategy/pause", c.pause, "Take quotes away; keep watching"),
        ("/api/strategy/stop", c.stop, "End the quoter; its orders are taken away first"),
        ("/api/risk/halt", c.halt, "Cancel everything of ours; stay stopped until resumed"),
        ("/api/risk/resume", c.resume, "Quote again after a halt"),
        ("/api/risk/accept-loss", c.accept_loss, "Quote again after a halt by the daily loss: it is counted from here"),
        ("/api/risk/reduce-only", c.reduce_only, "Let only orders through that reduce a position, until resumed"),
        ("/api/risk/cancel-all", c.cancel_all, "Cancel our working orders once; quoting goes on"),
    ]
    return [
        *(Op(_POST, path, answer, words, v.Done, changes=True, status=202) for path, answer, words in plain),
        Op(_POST, "/api/risk/kill-switch", c.kill_switch, "Halt, cancel over REST, and prove that nothing rests",
           v.Swept, changes=True),
        Op(_POST, "/api/toggle/{ticker}", c.toggle, "Switch one market or event on or off", v.Done, v.Toggle,
           changes=True, status=202, refusals=(404,)),
        Op(_PATCH, "/api/config", c.configure, "Change settings while quoting", v.Changed, v.Changes, changes=True),
    ]  # fmt: skip


def _paper(s: Sim) -> list[Op]:
    none = (409,)
    return [
        Op(_GET, "/api/sim/status", s.status, "The paper session beside the live one", v.PaperStatus, refusals=none),
        Op(_POST, "/api/sim/start", s.start, "Start it", v.PaperStatus, changes=True, refusals=none),
        Op(_POST, "/api/sim/stop", s.stop, "Stop it", v.PaperStatus, changes=True, refusals=none),
        Op(_POST, "/api/sim/reset", s.reset, "Begin with an empty account", v.PaperStatus, changes=True, refusals=none),
        Op(_GET, "/api/sim/timeseries", s.timeseries, "A point a minute", list[v.PaperPoint], refusals=none),
        Op(_GET, "/api/sim/fills", s.fills, "Newest first", list[v.FillShown], refusals=none),
        Op(_GET, "/api/sim/export", s.export, "All of it as one JSON document", refusals=none),
    ]  # fmt: skip
