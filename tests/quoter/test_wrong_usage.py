"""Wrong or empty words on the command line end in one line of ours, never in a traceback."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from core import config
from core.cli import app
from core.errors import KwmError
from core.exchange.sweep import Swept
from core.ops.sql_command import answer, asked_as
from flows.commands import answers
from quoter import tables as t
from quoter.commands_kill import unproved
from quoter.commands_tell import NotProved
from quoter.paper.control import PaperControl
from quoter.shell.heartbeat import path_of


def said(*words: str) -> tuple[int, str]:
    """(exit code, words) of a command line; an error of ours counts as 1."""
    found = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        assert isinstance(found.exception, KwmError), found.exception
        return 1, str(found.exception)
    return found.exit_code, found.output


def test_an_exchange_that_was_not_reached_is_not_said_to_hold_nothing() -> None:
    assert unproved(Swept(troubles=["no route"])) == "could not be checked: orders may still rest: no route"
    assert unproved(Swept(left=["a", "b"])).startswith("2 orders may still rest")


@pytest.mark.parametrize("words", [
    ("halt", "--within", "-1"), ("opportunities", "--top", "0"),
    ("backtest", "x", "--out", "y", "--forecast-lag", "-5"),
    ("sweep", "x", "--from", "2031-01-01", "--to", "2031-01-02", "--out", "y", "--set", "quoting.edge=0.03",
     "--forecast-lag", "-5"),
])  # fmt: skip
def test_what_is_out_of_range_is_wrong_usage(words: tuple[str, ...]) -> None:
    assert said(*words)[0] == 2


@pytest.mark.parametrize("words", [
    ("sql", "--file", "nope.sql"), ("backtest", "x", "--out", "y", "--fairs", "nope.parquet"), ("up", "--speed", "0"),
    ("up", "--speed", "-1"), ("backup", "--to", "/nope/x.tar.zst"),
])  # fmt: skip
def test_what_cannot_be_is_said_in_our_words(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path))
    code, told = said(*words)
    assert (code, any(word in told for word in words[1:])) == (1, True), told


class Quoter(BaseHTTPRequestHandler):
    """Answers like one that has halted, with `working` orders left and one event listed."""

    working = port = asked = resting = left = 0  # `left` of those that rest, once a command has come

    def do_GET(self) -> None:
        """Status, our orders, or what is listed."""
        type(self).asked += 1
        if self.path == "/api/account/orders":
            return self._say([{"id": f"kwm-r1-{n}"} for n in range(self.resting)])
        listed = self.path in ("/api/events", "/api/opportunities")
        self._say(
            [{"event": "KXHIGHNY-26NOV25"}]
            if listed
            else {"working": self.working, "halted": "by a person", "paused": True, "run": "r1"}
        )
        return None

    def do_POST(self) -> None:
        """A command."""
        type(self).resting = self.left
        self._say({"words": "yes"})

    def do_PATCH(self) -> None:
        """A change is taken as it is."""
        self._say({"words": self.rfile.read(int(self.headers["content-length"])).decode()})

    def log_message(self, *_: object) -> None:
        """Quietly."""

    def _say(self, found: object) -> None:
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def quoter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Quoter]]:
    class One(Quoter):
        """Of this test."""

    with ThreadingHTTPServer(("127.0.0.1", 0), One) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path))
        monkeypatch.setenv("KWM_DASHBOARD__PORT", str(server.server_port))
        One.port = server.server_port
        yield One
        server.shutdown()


def test_halt_within_nothing_looks_once(quoter: type[Quoter]) -> None:
    assert said("halt", "--within", "0")[0] == 0
    quoter.working = 2
    assert said("halt", "--within", "0")[1].startswith("halted, but 2 orders")


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["halt", "pause"])
def test_ctrl_c_while_the_proof_is_awaited_says_that_there_is_none(quoter: type[Quoter], stop: str) -> None:
    quoter.working = 2
    run = (  # tests that run in the background of a shell are deaf to Ctrl-C, and so are their children
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        f" sys.argv = ['kwm', '{stop}', '--within', '60']; from core.cli import main; main()"
    )
    with subprocess.Popen([sys.executable, "-c", run], stderr=subprocess.PIPE, text=True) as process:
        while quoter.asked < 2:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 6 and "you did not wait: 2 orders may still rest" in told


def test_a_pause_is_proved_as_a_halt_is(quoter: type[Quoter]) -> None:
    assert said("pause")[1].startswith("paused: no order of ours is working")
    quoter.working = 2
    code, told = said("pause", "--within", "0")
    assert code == 1 and told.startswith("paused, but 2 orders are not proved gone") and "kwm halt" in told


def test_cancelling_all_is_done_only_when_what_worked_is_gone(quoter: type[Quoter]) -> None:
    quoter.resting = 3
    assert said("cancel-all") == (0, "3 orders were working and are gone; quoting goes on\n")
    quoter.resting, quoter.left = 3, 2
    code, told = said("cancel-all", "--within", "0")
    assert code == 1 and told.startswith("2 of 3 orders are not proved gone")


@pytest.mark.usefixtures("quoter")
def test_a_stop_is_done_only_when_the_run_has_proved_that_nothing_rests(tmp_path: Path) -> None:
    def stops(**beat: object) -> tuple[int, str]:
        path_of(tmp_path).parent.mkdir(exist_ok=True)
        path_of(tmp_path).write_text(json.dumps({"run": "r1", "state": "stopped", "end": "three words here"} | beat))
        return said("stop", "--within", "0")

    assert stops(proved=True) == (0, "stopped: three words here\n")
    assert stops(proved=False) == (1, "stopped: three words here")
    assert "not ended" in stops(state="quoting")[1] and "another run" in stops(run="r2")[1]
    assert NotProved.exit_code == 6


def test_halt_without_a_quoter_names_the_way_that_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWM_STORAGE__DATA", str(tmp_path))
    monkeypatch.setenv("KWM_DASHBOARD__PORT", "9")
    assert "`kwm kill` cancels without it" in said("halt")[1]


@pytest.mark.usefixtures("quoter")
def test_events_are_chosen_in_any_case_and_only_where_listed() -> None:
    assert '["KXHIGHNY-26NOV25"]' in said("config", "events.only=kxhighny-26nov25")[1]
    assert said("config", "events.only=KXHIGHNY-26NOV25,KXHIGHNO-26NOV25") == (
        1, "not listed: KXHIGHNO-26NOV25; kwm opportunities lists what is open"
    )  # fmt: skip
    assert "[]" in said("config", "events.only=")[1]


def test_settings_are_shown_as_a_file_says_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWM_DASHBOARD__TOKEN", "secret-secret-secret")
    shown = json.loads(said("settings", "--json")[1])
    assert (shown["risk"]["max_loss_total"], shown["quoting"]["size"]) == ("1500.00", "10")
    monkeypatch.setenv("KWM_ALERTS__URLS", '["tgram://secret-bot/1"]')
    monkeypatch.setenv("KWM_ALERTS__PING_URL", "https://hc-ping.com/secret-id")
    assert "secret" not in said("settings", "--json")[1] + said("settings")[1]


def test_help_keeps_what_stands_in_brackets() -> None:
    for name, words in (("alerts", "[alerts]"), ("restore", "[storage]")):
        assert words in said(name, "--help")[1]


def test_a_stopped_paper_session_quotes_nothing(tmp_path: Path) -> None:
    settings = config.load({"KWM_STORAGE__DATA": str(tmp_path)}, None)
    control = PaperControl(settings)
    (control.folder / "live").mkdir(parents=True)
    path_of(control.folder).write_text(
        json.dumps({"pid": 1, "state": "stopped", "quoting": 9, "working": 7, "worst": 10**6, "pnl": 10**6})
    )
    found = control.status()
    assert [found[key] for key in ("running", "quoting", "orders", "worst_usd", "today_usd")] == [False, 0, 0, 0.0, 0.0]


def test_a_flow_is_run_against_the_server_that_answers(quoter: type[Quoter]) -> None:
    assert answers(config.load({"KWM_PREFECT__PORT": str(quoter.port)}))
    assert not answers(config.load({"KWM_PREFECT__PORT": "9"}))


def test_what_is_no_terminal_gets_whole_tables(capsys: pytest.CaptureFixture[str]) -> None:
    wide = "x" * 300
    t.show(t.table([{"k": wide, "v": wide}], {"k": ("k", t.text), "v": ("v", t.text)}))
    with contextlib.closing(duckdb.connect()) as db:
        answer(db, f"SELECT '{wide}' AS one, '{wide}' AS two", "table")
    assert capsys.readouterr().out.count(wide) == 4


def test_a_question_of_a_file_is_headed_by_the_line_above_it() -> None:
    assert asked_as("-- Ten questions.\n\n-- 1. What?\nSELECT 1 -- one") == "-- 1. What?"
    assert asked_as("SELECT 1") == ""


def test_kill_with_settings_that_cannot_be_read_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWM_QUOTING__EGDE", "1")
    found = CliRunner().invoke(app, ["kill"])
    assert isinstance(found.exception, NotProved) and "quoting.egde" in str(found.exception)
