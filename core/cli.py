"""The one door `kwm`: each command's name and the module that owns it, imported only when called.

`kwm --help` must answer at once, and the quoter's commands must not pay for Prefect's import; so this file knows names
and one line about each, nothing else.
"""

import os
import platform
import sys
from difflib import get_close_matches
from importlib import import_module, metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from core.errors import KwmError

# two cores shared by several processes: BLAS threads waiting for each other made a fit ten times slower
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# command -> (module, attribute: a typer.Typer or a function, one line for `kwm --help`)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("core.up.command", "up", "Start everything: exchange, weather, Prefect, flows, quoter, dashboard."),
    "init": ("core.ops.init_command", "init", "Write your settings file: environment, keys, cities, money at risk."),
    "alerts": ("core.ops.alerts_command", "alerts", "Tell a person what is wrong (what `kwm up` starts)."),
    "doctor": ("core.doctor", "doctor", "Check settings, keys, clock, exchange, weather, disk; say what to do."),
    "conformance": (
        "core.exchange.conformance",
        "conformance",
        "Try tiny orders on demo: where is our simulator wrong?",
    ),
    "quote": ("quoter.quote", "quote", "Run the quoter (what `kwm up` starts; for services)."),
    "watchdog": ("quoter.watchdog", "watchdog", "Take our orders away when the quoter is not well."),
    "status": ("quoter.status", "status", "Am I quoting, why not, what can I lose, what must I do."),
    "positions": ("quoter.commands", "positions", "What we hold, by event and bracket."),
    "orders": ("quoter.commands", "orders", "Our working orders."),
    "fills": ("quoter.commands", "fills", "Our latest fills."),
    "balance": ("quoter.commands", "balance", "Cash, and what the exchange says."),
    "markets": ("quoter.commands", "markets", "Book, fair and quote of every market."),
    "risk": ("quoter.commands", "risk", "Limits and how much of each is used."),
    "pnl": ("quoter.commands", "pnl", "Profit and loss today: realised, marked, fees."),
    "why": ("quoter.commands", "why", "Why a market is quoted as it is, or is not."),
    "ladder": ("quoter.commands", "ladder", "What each outcome of an event earns."),
    "opportunities": ("quoter.commands", "opportunities", "Every open weather market, ranked."),
    "pause": ("quoter.commands_tell", "pause", "Take quotes away until resume; keep watching."),
    "reduce-only": ("quoter.commands_tell", "reduce_only", "Only orders that reduce a position, until resume."),
    "resume": ("quoter.commands_tell", "resume", "Quote again after pause or halt, and both ways."),
    "start": ("quoter.commands_tell", "start", "Quote (the same as resume)."),
    "stop": ("quoter.commands_tell", "stop", "Take quotes away and end the quoter cleanly."),
    "halt": ("quoter.commands_tell", "halt", "Stop now: cancel everything of ours, verify, stay stopped."),
    "kill": ("quoter.commands_kill", "kill", "Halt without the quoter: cancel over REST, verify zero resting."),
    "cancel-all": ("quoter.commands_tell", "cancel_all", "Cancel our working orders once; quoting goes on."),
    "switch": ("quoter.commands_tell", "switch", "Switch one market or event on or off."),
    "config": ("quoter.commands_tell", "config", "The running quoter's settings; change one at once."),
    "watch": ("quoter.watch", "watch", "A live view in the terminal."),
    "settings": ("quoter.commands_tell", "settings", "Every setting in force, and where to change it."),
    "replay": (
        "quoter.shell.replay_command",
        "replay",
        "Run a journal through the engine again: the same actions.",
    ),
    "simulate": ("quoter.shell.world_command", "simulate", "Seeded worlds full of faults: prove the invariants."),
    "paper": ("quoter.paper.command", "paper", "Quote the live books with imagined orders and no trading key."),
    "graduate": ("quoter.paper.command", "graduate", "Which evidence is missing for demo, one contract, live."),
    "record": ("core.tape.command", "record", "Record every byte the exchange sends, for backtests of your own."),
    "tape": ("core.tape.command", "tape", "What is on a tape, is it whole; make tables of it."),
    "exchange": ("core.exchange.command", "exchange", "Run the embedded exchange by itself."),
    "weather": ("core.weather.command", "weather", "How the weather's sources stand; the embedded weather by itself."),
    "flows": ("flows.commands", "flows", "Run one flow now, list them, or serve them on their schedules."),
    "fair": ("flows.commands", "fair", "The fair-value ladder of an event, and why."),
    "opinion": ("flows.commands", "opinion", "What you believe of an event, as one more voice in its fair values."),
    "backtest": (
        "flows.backtest.command",
        "backtest",
        "What would this maker have earned on past days? Three fill models, a report.",
    ),
    "sweep": ("flows.backtest.sweep", "sweep", "Settings x days: which would have earned most, and how much is luck?"),
    "score": ("flows.score_command", "score", "Walk the model forward over a dataset; write its predictions."),
    "service": ("core.ops.service_command", "service", "systemd user services, for running it for months."),
    "backup": ("core.ops.backup_command", "backup", "Copy the data folder into one archive, while everything runs."),
    "restore": ("core.ops.backup_command", "restore", "Unpack a backup."),
    "migrate": ("core.ops.backup_command", "migrate", "Bring the data of an earlier version up to this one."),
    "report": ("core.ops.report_command", "report", "The morning brief or a day's report, as HTML and text."),
    "blend": ("flows.blend_command", "blend", "Model, market and their blend on a dataset's own markets, by hour."),
    "sql": ("core.ops.sql_command", "sql", "Open DuckDB on the data, or run one query; blocks nobody."),
    "export": ("core.ops.sql_command", "export", "A table, view or query as CSV, Parquet or JSON."),
}


class Door(TyperGroup):
    """A group whose commands are imported when asked for."""

    drawing = False  # the list of commands: their names and lines, nothing else

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """`kwm --help` imports no command."""
        self.drawing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.drawing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the table, which is the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the owner; while `--help` is drawn, only its name and line."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, line = COMMANDS[cmd_name]
        if self.drawing or _only_completed(cmd_name):
            shown = typer.Typer(add_completion=False)
            shown.command(name=cmd_name, help=line)(lambda: None)
            return typer.main.get_command(shown)
        owner = getattr(import_module(module), attribute)
        if not isinstance(owner, typer.Typer):
            function, owner = owner, typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            owner.command(name=cmd_name)(function)
        owner.rich_markup_mode = None  # it would take [alerts] for markup and leave it out
        command = typer.main.get_command(owner)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """A misspelt command names its neighbours; a group without a command of its own says what it has."""
        if args and args[0] not in COMMANDS and (near := get_close_matches(args[0], COMMANDS)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {' or '.join(near)}?")
        name, command, rest = super().resolve_command(ctx, args)
        return name, command, rest or (["--help"] if getattr(command, "no_args_is_help", False) else [])


def _only_completed(name: str) -> bool:
    """Does a shell only complete the line of another command?"""
    return "_KWM_COMPLETE" in os.environ and name not in os.environ.get("COMP_WORDS", name).split()[1:2]


app = typer.Typer(
    cls=Door,
    help="A market maker for Kalshi's daily temperature brackets. `kwm up` starts everything.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kwm {metadata.version('kalshi-weather-maker')} (Python {platform.python_version()})")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Which version this is.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """A market maker for Kalshi's daily temperature brackets. `kwm up` starts everything."""


def main() -> None:
    """Run the command line; an error of ours is one line and its exit code, never a traceback."""
    try:
        app()
    except KwmError as error:
        sys.stderr.write(f"kwm: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
