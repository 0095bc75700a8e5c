"""A quoter that does not answer: whether it is there, what may rest all the same, and what a person does then."""

import inspect
import io
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from core import messages as m
from core.cli import app
from quoter.client import Client, Hangs, NotRunning, Refused
from quoter.commands_tell import NotProved
from quoter.dashboard import view
from quoter.dashboard.advice import TO_DO, TRIGGERED, to_do
from quoter.engine.guard import global_reasons
from quoter.engine.state import DAILY_LOSS, Shut
from quoter.status import in_dollars, lines, status_table, unanswered
from tests.quoter.test_wrong_usage import Quoter
from tests.stories.stage import EVENT, Stage

_LAST = {"state": "quoting", "working": 7, "worst": 12_000_000, "pnl": -3_000_000}


@pytest.fixture
def hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that listens on the quoter's port and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path))
        monkeypatch.setenv("KWM_DASHBOARD__PORT", str(server.getsockname()[1]))
        yield


class Forbidding(Quoter):
    """A quoter that wants its token."""

    def do_POST(self) -> None:
        """Never."""
        self.send_response(403)
        body = b'{"error": "a token is needed"}'
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def forbidding() -> Iterator[int]:
    """Its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Forbidding) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def drawn(found: Any) -> str:
    out = Console(width=200, file=io.StringIO())
    out.print(found)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


@pytest.mark.usefixtures("hung")
def test_what_hangs_is_not_said_to_be_absent() -> None:
    with pytest.raises(Hangs, match="kwm kill"):
        Client(0.2).get("/api/status")


def test_what_is_absent_is_not_said_to_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path))
    monkeypatch.setenv("KWM_DASHBOARD__PORT", "9")
    with pytest.raises(NotRunning, match="kwm up") as found:
        Client(0.2).get("/api/status")
    assert not isinstance(found.value, Hangs)


@pytest.mark.usefixtures("hung")
@pytest.mark.slow
def test_kill_waits_two_seconds_for_a_quoter_that_hangs_and_says_where_nothing_was_cancelled() -> None:
    began = time.monotonic()
    found = CliRunner().invoke(app, ["kill"])
    assert time.monotonic() - began < 10.0
    assert isinstance(found.exception, NotProved), "no key here: nothing is proved, and the exit code says so"
    assert "nothing was cancelled at the embedded exchange" in str(found.exception)
    assert "no run of it is stopped" in found.output, "no quoter ever ran on this folder"


def test_without_a_last_word_nothing_is_made_up() -> None:
    shown = drawn(lines(unanswered("no quoter answers", False, {}, 0.0, 240.0, "watching")))
    assert "NOT RUNNING" in shown and "kwm up starts everything" in shown and "last word" not in shown


def test_orders_of_a_run_that_died_may_rest_until_they_expire() -> None:
    soon = drawn(lines(unanswered("gone", False, _LAST, 40.0, 240.0, "watching")))
    assert "7 may still rest, for 3 min at most" in soon and "kwm kill takes them away now" in soon
    assert "$12.00 then" in soon and "-$3.00" in soon
    fired = "FIRED: no heartbeat for 5.1 s: 7 cancelled, 72 groups tripped, none left, verified in 1.5 s"
    assert "the watchdog proved it" in drawn(lines(unanswered("gone", False, _LAST, 40.0, 240.0, fired)))
    assert "can rest any more" in drawn(lines(unanswered("gone", False, _LAST, 241.0, 240.0, "watching")))


def test_the_last_word_is_told_in_dollars() -> None:
    told = in_dollars(_LAST, 40.0)
    assert (told["worst_usd"], told["pnl_usd"], told["fees_usd"], told["working"]) == (12.0, -3.0, None, 7)
    assert in_dollars({}, 0.0) == {}


def test_beside_a_quoter_that_hangs_no_second_one_is_started() -> None:
    shown = drawn(lines(unanswered("it hangs", True, _LAST, 40.0, 240.0, "watching")))
    assert "HANGS" in shown and "kwm kill, then end" in shown and "Start no second one" in shown


def test_without_the_token_of_this_folder_it_says_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forbidding: int
) -> None:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path))
    monkeypatch.setenv("KWM_DASHBOARD__PORT", str(forbidding))
    with pytest.raises(Refused, match="go to the folder where it was started"):
        Client(5.0).post("/api/risk/halt")


def test_the_status_says_who_halted_and_what_to_do_before_anything_else() -> None:
    stage = Stage()
    stage.begin().publish()
    stage.state.halted = f"{DAILY_LOSS}: 201.00 dollars"
    shown = drawn(status_table(msgspec.to_builtins(view.status(stage.state, "demo"))))
    first = shown.splitlines()[:3]
    assert "HALTED" in first[0] and "201.00 dollars" in first[1] and "--accept-loss" in first[2], shown


def test_every_reason_that_stops_everything_has_something_to_do() -> None:
    named = set(re.findall(r'append\("(\w+)"\)', inspect.getsource(global_reasons)))
    assert len(named) > 8 and named | set(get_args(Shut)) - {""} == set(TO_DO)


def test_where_the_exchange_stopped_our_groups_the_way_on_is_named() -> None:
    stage = Stage()
    stage.begin().publish()
    stage.say(m.GroupChanged(stage.now, f"og-{EVENT}", "triggered"))
    assert to_do(stage.state) == [TRIGGERED] and "kwm resume" in TRIGGERED
