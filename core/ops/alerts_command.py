"""`kwm alerts`: a small process that looks every few seconds and tells a person what is wrong. Started by `kwm up`."""

import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import msgspec
import typer

from core import config
from core.clock import this_process
from core.config import Settings
from core.config_house import AlertSettings
from core.ops.alert_facts import Watcher
from core.ops.alert_memory import Memory, Pace, learn, message, not_told, told
from core.ops.alerts import Facts, Thresholds
from core.ops.alerts import alerts as decide
from core.ops.deliver import Messenger, ping
from core.storage.files import write_whole
from core.up.plan import prefect_api

_LOOK_EVERY_S = 2.0


def path_of(data: Path) -> Path:
    """Where what was told is remembered."""
    return data / "live" / "alerts.json"


def remembered(data: Path) -> Memory:
    """What the last process remembered; a damaged file is an empty memory: better told twice than never."""
    try:
        return msgspec.json.decode(path_of(data).read_bytes(), type=Memory)
    except (FileNotFoundError, msgspec.MsgspecError):
        return Memory()


def thresholds(settings: AlertSettings) -> Thresholds:
    """The decider's part of [alerts]."""
    return Thresholds(
        settings.silent_s, settings.limit_share, settings.fills_per_minute, settings.late_s, settings.min_free_mb
    )


def alive(facts: Facts, wanted: Thresholds) -> bool:
    """May we say "alive" to the outside? Only while the quoter itself gives signs of life."""
    return facts.beat_age_s is not None and facts.beat_age_s <= wanted.silent_s and facts.state != "stopped"


class Teller:
    """One look after another; holds the memory and the addresses."""

    def __init__(self, settings: Settings, data: Path, watcher: Watcher) -> None:
        """Raises: SettingsError when an address makes no sense."""
        own = settings.alerts
        self.settings, self.data, self.watcher = settings, data, watcher
        self.wanted, self.pace = thresholds(own), Pace(own.gap_s, own.remind_s, own.per_hour)
        self.messenger, self.memory = Messenger(own.urls), remembered(data)
        self.next_ping = 0.0
        self.ping_trouble = ""

    def look(self) -> None:
        """Look, remember, tell."""
        facts = self.watcher.look(this_process(self.settings.clock_file).now())
        now = time.time()
        before = msgspec.json.encode(self.memory.troubles.keys() | self.memory.waiting.keys())
        learn(self.memory, decide(facts, self.wanted), now, self.pace)
        body = message(self.memory, now, self.pace)
        if body:
            self._tell(body, now)
        if body or before != msgspec.json.encode(self.memory.troubles.keys() | self.memory.waiting.keys()):
            write_whole(path_of(self.data), msgspec.json.encode(self.memory))
        if self.settings.alerts.ping_url and now >= self.next_ping and alive(facts, self.wanted):
            self.next_ping = now + self.settings.alerts.ping_s
            trouble = ping(self.settings.alerts.ping_url)
            if trouble != self.ping_trouble:
                say(f"the ping was {'heard again' if not trouble else 'not heard: ' + trouble}")
            self.ping_trouble = trouble

    def _tell(self, body: str, now: float) -> None:
        urgent = self.memory.urgent_waiting
        place = config.place(self.settings)
        first = body.partition("\n")[0]
        say(body)
        if self.messenger.send(f"kwm ({place}): {first[:80]}", body, urgent=urgent):
            told(self.memory, now)
        else:
            not_told(self.memory, now)
            say("the message could not be delivered everywhere; it is tried again")


def say(text: str) -> None:
    """Into the log."""
    sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}  {text}\n")
    sys.stdout.flush()


def alerts(
    test: Annotated[bool, typer.Option("--test", help="send one test message to every address and end")] = False,
    once: Annotated[bool, typer.Option("--once", help="look once, say what is wrong, send nothing, and end")] = False,
) -> None:
    """Watch and tell: what is wrong goes to the addresses in [alerts] urls; [alerts] ping_url is pinged while alive."""
    settings = config.load()
    data = settings.storage.data.resolve()
    if test:
        number = Messenger(settings.alerts.urls).number
        if not number:
            typer.echo("[alerts] urls is empty: nobody would be told. Put apprise addresses into kwm.toml.")
            raise typer.Exit(1)
        heard = Messenger(settings.alerts.urls).send("kwm: a test", "Alerts reach you here.", urgent=False)
        typer.echo(f"sent to {number} address(es)" if heard else "not delivered everywhere; the lines above say why")
        raise typer.Exit(0 if heard else 1)
    (data / "live").mkdir(parents=True, exist_ok=True)
    api = prefect_api(settings, os.environ)
    watcher = Watcher(settings, data, api)
    if once:
        found = decide(watcher.look(this_process(settings.clock_file).now()), thresholds(settings.alerts))
        for alert in found:
            typer.echo(f"{alert.kind.value.upper()}: {alert.words}\n  → {alert.remedy}")
        typer.echo("nothing is wrong" if not found else "")
        raise typer.Exit(1 if found else 0)
    teller = Teller(settings, data, watcher)
    say(f"watching {data}; {teller.messenger.number} address(es)")
    stopping: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopping:
        teller.look()
        end = time.monotonic() + _LOOK_EVERY_S
        while not stopping and time.monotonic() < end:
            time.sleep(0.1)
