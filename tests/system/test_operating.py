"""What a person does to a running system: look, pause, halt, resume, ask the lake, break a process, run a flow."""

import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.system.house import House, free_ports, run_kwm

pytestmark = pytest.mark.slow


def working(house: House) -> int:
    return int(house.api("/api/status")["working"])


def post(house: House, path: str, **headers: str) -> httpx.Response:
    return httpx.post(house.dashboard + path, headers=headers, timeout=10)


def test_every_read_answers(running: House) -> None:
    event = running.api("/api/events")[0]
    ticker = event["markets"][0]["ticker"]
    for path in (
        "/api/status", "/api/health", "/api/strategy/status", "/api/account/balance", "/api/account/positions",
        "/api/account/orders", "/api/account/fills", "/api/markets", "/api/events", "/api/risk/status", "/api/notes",
        "/api/publication", f"/api/markets/{ticker}/orderbook", f"/api/why/{ticker}", f"/api/ladder/{event['event']}",
    ):  # fmt: skip
        assert running.api(path) is not None, path
    assert "kwm_" in httpx.get(running.dashboard + "/metrics").text
    assert httpx.get(running.dashboard + "/api/why/NONE").status_code == 404


def test_changes_need_the_token_and_the_same_origin(running: House) -> None:
    token = (running.data / "live" / "token").read_text().strip()
    good = {"Authorization": f"Bearer {token}"}
    assert post(running, "/api/risk/halt").status_code == 403
    assert post(running, "/api/risk/halt", Authorization="Bearer wrong").status_code == 403
    assert post(running, "/api/risk/halt", Origin="https://evil.example", **good).status_code == 403
    assert post(running, "/api/risk/nonsense", **good).status_code == 404
    assert httpx.get(running.dashboard + "/api/status", headers={"Host": "evil.example"}).status_code == 403
    bad = httpx.post(running.dashboard + "/api/toggle/NONE", headers=good, content=b"{", timeout=10)
    assert bad.status_code == 400 and "enabled" in bad.text
    assert running.api("/api/status")["halted"] == "", "nothing of this stopped it"


@pytest.mark.parametrize("command", ["status", "positions", "orders", "fills", "balance", "markets", "risk", "pnl"])
def test_commands_speak_to_people_and_to_scripts(running: House, command: str) -> None:
    told = running.kwm(command)
    assert told.returncode == 0, told.stderr
    shown = running.kwm(command, "--json")
    assert shown.returncode == 0, shown.stderr
    json.loads(shown.stdout)


def test_a_flow_is_run_by_hand_and_its_end_looks_like_one(running: House) -> None:
    before = running.api("/api/publication")["id"]
    told = running.kwm("flows", "run", "publish", within_s=90.0)
    assert told.returncode == 0 and "Completed" in told.stdout + told.stderr, told.stderr
    assert "leaked" not in told.stderr
    made = told.stdout.split()[-1]
    assert made > before
    assert running.until("it, or a newer one, quoted on", lambda: running.api("/api/publication")["id"] >= made, 20)


def test_why_tells_both_sides_of_a_market(running: House) -> None:
    ticker = running.api("/api/markets")[0]["ticker"]
    told = running.kwm("why", ticker)
    assert told.returncode == 0
    assert ticker in told.stdout
    missing = running.kwm("why", "NONE")
    assert missing.returncode != 0
    assert "no such market" in missing.stdout + missing.stderr


def test_pause_takes_quotes_away_and_resume_brings_them_back(running: House) -> None:
    assert running.kwm("pause").returncode == 0
    running.until("no order working", lambda: working(running) == 0, 20)
    assert running.api("/api/status")["paused"]
    assert running.kwm("resume").returncode == 0
    running.until("orders working again", lambda: working(running) > 20, 30)


def test_halt_proves_that_nothing_rests(running: House) -> None:
    halted = running.kwm("halt")
    assert halted.returncode == 0, halted.stdout + halted.stderr
    assert working(running) == 0
    assert running.api("/api/status")["halted"]
    assert running.kwm("resume").returncode == 0
    running.until("orders working again", lambda: working(running) > 20, 30)


def test_an_analyst_asks_the_lake_while_everything_runs(running: House) -> None:
    def asked() -> bool:
        found = running.kwm("sql", "--json", "SELECT count(*) AS n FROM order_actions")
        return found.returncode == 0 and json.loads(found.stdout.splitlines()[0])["n"] > 0

    running.until("the journal loaded", asked, 120)
    joined = running.kwm(
        "sql", "--json", "SELECT count(*) AS n FROM order_actions o JOIN fair_values v"
        " ON v.publication = o.publication AND v.ticker = o.ticker"
    )  # fmt: skip
    assert json.loads(joined.stdout.splitlines()[0])["n"] > 0, "each order leads back to the fair value it came from"


def test_a_killed_quoter_comes_back_and_owns_its_orders(running: House) -> None:
    running.until("a fill", lambda: running.api("/api/account/fills"), 120)
    filled = {(f["at_ms"], f["ticker"], f["contracts"]) for f in running.api("/api/account/fills")}
    before = json.loads((running.data / "live" / "quoter.json").read_text())
    os.kill(before["pid"], signal.SIGKILL)

    def shown() -> bool:
        return filled <= {(f["at_ms"], f["ticker"], f["contracts"]) for f in running.api("/api/account/fills")}

    def back() -> bool:
        status = running.api("/api/status")
        return status["run"] != before["run"] and status["connected"] and status["working"] > 20

    running.until("a new run quoting", back, 60)
    running.until("the fills of the run before it", shown, 20)
    ours = {o["ticker"] for o in running.api("/api/account/orders")}
    assert ours


def test_the_journal_replays_to_the_same_actions(running: House) -> None:
    replayed = running.kwm("replay", "--verify", within_s=120)
    assert replayed.returncode == 0, replayed.stdout[-2000:] + replayed.stderr[-500:]
    assert " 0 differences" in replayed.stdout


def test_a_second_system_on_the_same_data_or_port_is_refused_by_name(running: House) -> None:
    second = running.kwm("up")
    assert second.returncode != 0
    assert "another `kwm up` runs" in second.stderr
    first = running.environment | {"KWM_STORAGE__DATA": str(running.folder / "other")}
    taken = run_kwm(first, "up")
    assert taken.returncode != 0
    assert "taken" in taken.stderr and "port" in taken.stderr and "KWM_" in taken.stderr


def test_without_a_quoter_commands_say_so(tmp_path: Path, running: House) -> None:
    environment = running.environment | {
        "KWM_DASHBOARD__PORT": str(free_ports(1)[0]), "KWM_STORAGE__DATA": str(tmp_path),
    }  # fmt: skip
    told = run_kwm(environment, "status")
    assert told.returncode != 0
    assert "kwm up" in told.stderr + told.stdout
    assert "Traceback" not in told.stderr
