"""Orders to a running quoter. `--json` prints the quoter's own answer."""

import json
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from core import live_settings
from core.errors import KwmError
from quoter import tables as t
from quoter.client import Client, Hangs, NotRunning
from quoter.commands import Json, event_tickers

_HALT_WITHIN_S = 5.0


class NotProved(KwmError):
    """Orders of ours may still rest."""

    exit_code = 6


def _tell(path: str, words: str, as_json: bool, body: Any = None) -> None:
    found = Client().post(path, body)
    if as_json:
        t.say_json(found)
    else:
        typer.echo(words or found["words"])


def pause(
    within: Annotated[float, typer.Option(min=0, help="seconds to wait for the proof; 0 looks once")] = 20.0,
    as_json: Json = False,
) -> None:
    """Take quotes away until resume, and see that none of our orders works; keep watching."""
    client = Client(_HALT_WITHIN_S)
    client.post("/api/strategy/pause")
    _until_none_works(client, "paused", within, as_json, "kwm halt, or kwm kill")


def reduce_only(as_json: Json = False) -> None:
    """Let only orders through that reduce a position, until resume: getting out without stopping."""
    _tell("/api/risk/reduce-only", "only orders that reduce a position; kwm resume lets all through again", as_json)


def resume(
    as_json: Json = False,
    accept_loss: Annotated[bool, typer.Option("--accept-loss", help="also after a halt by the daily loss")] = False,
) -> None:
    """Quote again after pause or halt, and both ways after reduce-only. After the daily loss it wants --accept-loss."""
    if accept_loss:
        _tell("/api/risk/accept-loss", "resumed; the day's loss is counted from here", as_json)
    else:
        _tell("/api/strategy/resume", "resumed", as_json)


def start(as_json: Json = False) -> None:
    """Quote (the same as resume)."""
    resume(as_json)


def stop(
    within: Annotated[float, typer.Option(min=0, help="seconds to wait for the proof; 0 looks once")] = 20.0,
    as_json: Json = False,
) -> None:
    """Take quotes away, end the quoter cleanly, and see that none of our orders rests (`kwm up` starts it again; to end
    everything stop `kwm up`)."""
    client = Client(_HALT_WITHIN_S)
    run = client.get("/api/status")["run"]
    client.post("/api/strategy/stop")

    def ended() -> tuple[bool, str]:
        beat = client.last_heartbeat()
        if beat.get("run") != run:
            return False, "ended, but another run has begun before its proof was read: kwm status"
        if beat.get("state") != "stopped":
            return False, f"asked to end, and not ended after {within:.0f} s: orders may still rest; kwm kill"
        return beat.get("proved") is True, f"stopped: {beat.get('end', '')}"

    done = _waited(ended, within, "asked to end, but you did not wait: orders of ours may still rest; kwm status")
    t.say_json({"stopped": True, "proved": True, "words": done}) if as_json else typer.echo(done)


def cancel_all(
    within: Annotated[float, typer.Option(min=0, help="seconds to wait for the proof; 0 looks once")] = 20.0,
    as_json: Json = False,
) -> None:
    """Cancel our working orders once, and see that they are gone; quoting goes on."""
    client = Client(_HALT_WITHIN_S)
    had = {order["id"] for order in client.get("/api/account/orders")}
    client.post("/api/risk/cancel-all")

    def gone() -> tuple[bool, str]:
        left = had & {order["id"] for order in client.get("/api/account/orders")}
        if left:
            return False, f"{len(left)} of {len(had)} orders are not proved gone after {within:.0f} s: try kwm halt"
        return True, f"{len(had)} orders were working and are gone; quoting goes on"

    done = _waited(gone, within, "being cancelled, but you did not wait: some orders may still rest; kwm orders")
    t.say_json({"cancelled": len(had), "left": 0, "words": done}) if as_json else typer.echo(done)


def _waited(look: Callable[[], tuple[bool, str]], within: float, left_early: str) -> str:
    """What `look` says once it is so. Raises: NotProved with its words when it is not within so many seconds."""
    began = time.monotonic()
    try:
        while True:
            proved, words = look()
            if proved:
                return words
            if time.monotonic() - began >= within or words.startswith(("ended", "stopped")):
                raise NotProved(words)
            time.sleep(0.1)
    except KeyboardInterrupt as error:
        raise NotProved(left_early) from error


def switch(
    ticker: Annotated[str, typer.Argument(help="a market or an event", autocompletion=event_tickers)],
    to: Annotated[str, typer.Argument(help="on or off")],
    as_json: Json = False,
) -> None:
    """Switch one market or event on or off."""
    if to not in ("on", "off"):
        raise typer.BadParameter("say on or off")
    _tell(f"/api/toggle/{ticker.upper()}", "", as_json, {"enabled": to == "on"})


def halt(
    within: Annotated[float, typer.Option(min=0, help="seconds to wait for the proof; 0 looks once")] = 10.0,
    as_json: Json = False,
) -> None:
    """Stop now: cancel everything of ours, verify that nothing rests, stay stopped until `kwm resume`."""
    client = Client(_HALT_WITHIN_S)
    try:
        client.post("/api/risk/halt")
    except Hangs:
        raise
    except NotRunning as error:
        raise NotRunning(f"{error}; `kwm kill` cancels without it") from error
    _until_none_works(client, "halted", within, as_json, "kwm kill")


def _until_none_works(client: Client, how: str, within: float, as_json: bool, otherwise: str) -> None:
    """Wait until the engine is `how` ("halted", "paused") and none of our orders works. Raises: NotProved."""
    began, left = time.monotonic(), None
    try:
        while True:
            now = client.get("/api/status")
            left = now["working"]
            if left == 0 and (now[how] or now["halted"]):
                took = time.monotonic() - began
                if as_json:
                    t.say_json({how: True, "working": 0, "seconds": round(took, 2)})
                else:
                    typer.echo(f"{how}: no order of ours is working ({took:.1f} s); kwm resume quotes again")
                return
            if time.monotonic() - began >= within:
                raise NotProved(f"{how}, but {left} orders are not proved gone after {within:.0f} s: try {otherwise}")
            time.sleep(0.2)
    except KeyboardInterrupt as error:
        some = "orders of ours" if left is None else f"{left} orders"
        raise NotProved(f"{how}, but you did not wait: {some} may still rest; kwm status") from error


def config(
    changes: Annotated[
        list[str] | None, typer.Argument(help="section.key to see, or section.key=value to change now")
    ] = None,
    lasting: Annotated[bool, typer.Option("--lasting", help="also write it into the settings file")] = False,
    as_json: Json = False,
) -> None:
    """The running quoter's settings and what they mean; `kwm config quoting.edge=0.03` changes one at once.

    A list is written with commas: `kwm config events.only=KXHIGHNY-26NOV25,KXHIGHCHI-26NOV25`; empty: `events.only=`.
    """
    client = Client()
    wanted = [word for word in changes or [] if "=" in word]
    if wanted:
        asked = dict(_change(word) for word in wanted)
        _listed(client, asked)
        body = {"changes": asked, "lasting": lasting}
        found = client.patch("/api/config", body)
        t.say_json(found) if as_json else typer.echo(found["words"])
        return None
    every = client.get("/api/config")["settings"]
    shown = [s for s in every if not changes or any(s["key"].startswith(word) for word in changes)]
    if changes and not shown:
        raise KwmError(f"no setting begins with {changes[0]!r}: kwm config lists all")
    if as_json:
        return t.say_json(shown)
    columns: dict[str, tuple[str, t.Cell]] = {
        "key": ("setting", t.text), "value": ("value", t.text), "live": ("now?", lambda v: "yes" if v else "restart"),
        "words": ("what it means", t.text),
    }  # fmt: skip
    return t.show(t.table(shown, columns))


def _listed(client: Client, changes: dict[str, Any]) -> None:
    """Events to choose must exist: only a misspelt one would quote nothing. Raises: KwmError naming them."""
    named = changes.get("events.only")
    if not named:
        return
    known = {one["event"] for path in ("/api/events", "/api/opportunities") for one in client.get(path)}
    if missing := [ticker for ticker in named if ticker not in known]:
        raise KwmError(f"not listed: {', '.join(missing)}; kwm opportunities lists what is open")


def _change(word: str) -> tuple[str, Any]:
    """`quoting.edge=0.03` -> (key, value as the file would say it)."""
    name, _, value = word.partition("=")
    section, _, key = name.strip().partition(".")
    try:
        what = live_settings.kind(section, key)
    except KeyError as error:
        raise KwmError(f"[{name}] is no setting we know; kwm config lists all") from error
    if what == "list":
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return name, [part.upper() for part in parts] if section == "events" else parts
    if what in ("number", "whole"):
        try:
            return name, json.loads(value)
        except ValueError as error:
            raise KwmError(f"[{name}] expected a number, got {value!r}") from error
    return name, value.strip()


def settings(as_json: Json = False) -> None:
    """Every setting that files and environment give, secrets hidden; core/settings.toml explains each."""
    found = live_settings.as_shown(Client().settings)
    if as_json:
        t.say_json(found)
        return
    for name, section in found.items():
        rows = [{"k": key, "v": value} for key, value in section.items()]
        t.show(t.table(rows, {"k": ("key", t.text), "v": ("value", t.text)}, title=f"[{name}]".replace("[", r"\[")), "")
