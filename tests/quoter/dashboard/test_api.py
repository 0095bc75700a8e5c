"""The API: every route answers in its shape, every change needs the token, and nothing brings it down."""

import inspect
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from core import config
from core.units import money
from quoter.dashboard import models
from quoter.engine import events as e
from quoter.engine.state import DAILY_LOSS
from tests.quoter.dashboard.room import GOOD, TOKEN, Caller, dashboard, obey
from tests.stories.stage import EVENT, MILD
from tests.test_house import ROOT

NAMED = [
    "/api/account/balance",
    "/api/account/positions",
    "/api/account/orders",
    "/api/account/fills",
    "/api/markets",
    "/api/markets/{ticker}/orderbook",
    "/api/markets/{ticker}/trades",
    "/api/strategy/status",
    "/api/strategy/start",
    "/api/strategy/stop",
    "/api/strategy/pause",
    "/api/strategy/resume",
    "/api/strategy/markets",
    "/api/toggle/{ticker}",
    "/api/risk/status",
    "/api/risk/halt",
    "/api/risk/resume",
    "/api/risk/kill-switch",
    "/api/risk/cancel-all",
    "/api/config",
    "/api/sim/status",
    "/api/sim/start",
    "/api/sim/stop",
    "/api/sim/reset",
    "/api/sim/timeseries",
    "/api/sim/fills",
    "/api/sim/export",
    "/api/fair",
    "/api/publication",
    "/api/why/{ticker}",
    "/api/ladder/{event}",
    "/api/health",
    "/metrics",
    "/api/stream",
    "/api/opportunities",
]


@pytest.fixture
def board(tmp_path: Path):
    return dashboard(tmp_path)[0]


@pytest.fixture
def client(board) -> Caller:
    return Caller(board)


def test_the_document_names_every_route(client: Caller) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(NAMED) <= set(paths)
    assert {"get", "patch"} <= set(paths["/api/config"])


def test_every_number_has_its_unit_in_its_name_or_in_the_docs() -> None:
    told = set(re.findall(r"`(\w+)`", (ROOT / "docs/json.md").read_text()))
    units = ("_usd", "_c", "_s", "_ms", "_f", "contracts")
    shapes = [one for _, one in inspect.getmembers(models, inspect.isclass) if issubclass(one, msgspec.Struct)]
    numbers = {
        field.name for shape in shapes for field in msgspec.structs.fields(shape)
        if re.search(r"\b(int|float)\b", str(field.type))
    }  # fmt: skip
    assert len(numbers) > 50
    assert sorted(name for name in numbers if not name.endswith(units) and name not in told) == []


def test_every_read_answers_in_the_shape_the_document_gives(client: Caller) -> None:
    document = client.get("/openapi.json").json()
    checked = 0
    for path, methods in document["paths"].items():
        if "get" not in methods or path == "/api/stream":
            continue
        answer = client.get(path.format(ticker=MILD, event=EVENT))
        wanted = methods["get"]["responses"].get(str(answer.status_code))
        assert wanted is not None, (path, answer.status_code, answer.text[:200])
        content = wanted["content"]
        if "application/json" in content:
            schema = {**content["application/json"]["schema"], "components": document["components"]}
            if schema.get("type") != "string":
                jsonschema.validate(answer.json(), schema)
                checked += 1
    assert checked > 20


@pytest.mark.parametrize("path", ["/api/risk/halt", f"/api/toggle/{EVENT}", "/api/sim/start"])
def test_a_change_needs_the_token_and_the_same_origin(board, client: Caller, path: str) -> None:
    body = {"enabled": False}
    cookie = {"Cookie": f"kwm_token={TOKEN}"}
    refused: list[dict[str, str]] = [
        {}, {"Authorization": "Bearer wrong"}, {"Origin": "https://evil.example", **GOOD}, cookie,
        {"Origin": "https://evil.example", **cookie},
    ]  # fmt: skip
    for headers in refused:
        assert client.post(path, json=body, headers=headers).status_code == 403, headers
    assert board.live.queue.empty(), "nothing of this reached the engine"
    page = client.post(path, json=body, headers={"Origin": "http://127.0.0.1:8410", **cookie})
    assert page.status_code in (202, 409)


def test_another_host_name_is_refused(client: Caller) -> None:
    assert client.get("/api/status", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "kind"),
    [("strategy/start", e.Resumed), ("strategy/pause", e.Paused), ("risk/halt", e.Halted), ("risk/resume", e.Resumed),
     ("risk/cancel-all", e.CancelEverything), ("risk/accept-loss", e.Resumed), ("risk/reduce-only", e.ReduceOnly)],
)  # fmt: skip
def test_a_command_becomes_one_event(board, client: Caller, path: str, kind: type) -> None:
    assert client.post(f"/api/{path}", headers=GOOD).status_code == 202
    assert [type(event) for event in obey(board)] == [kind]


def test_after_the_daily_loss_only_accepting_it_resumes(board, client: Caller) -> None:
    board.live.state.halted = f"{DAILY_LOSS}: 201.00 dollars"
    refused = client.post("/api/strategy/resume", headers=GOOD)
    assert (refused.status_code, refused.json()["reason"]) == (409, "daily_loss")
    assert client.post("/api/risk/accept-loss", headers=GOOD).status_code == 202
    obey(board)
    assert not board.live.state.halted


def test_the_status_counts_the_days_loss_and_its_limits_as_the_brakes_do(board, client: Caller) -> None:
    state = board.live.state
    state.pnl_carried = money("-150.00")
    shown = client.get("/api/status").json()
    assert (shown["pnl_usd"], shown["lost_today_usd"]) == (-150.0, 150.0)
    state.accepted = money("150.00")
    assert client.get("/api/status").json()["lost_today_usd"] == 0.0, "accepted: the daily limit counts from here"
    published = state.publication
    tight = msgspec.structs.replace(published.limits, max_loss_total=money("9.00"), max_daily_loss=money("8.00"))
    state.publication = msgspec.structs.replace(published, limits=tight)
    state.limits = state.limits_now()
    limits = client.get("/api/status").json()["limits"]
    assert (limits["total_usd"], limits["daily_usd"]) == (9.0, 8.0), "the tighter of settings and publication binds"


def test_a_market_and_an_event_can_be_switched_off(board, client: Caller) -> None:
    for ticker in (MILD, EVENT):
        assert client.post(f"/api/toggle/{ticker}", json={"enabled": False}, headers=GOOD).status_code == 202
    obey(board)
    assert client.get(f"/api/why/{MILD}").json()["bid"]["reasons"][0]["code"] == "market_off"
    missing = client.post("/api/toggle/NONE", json={"enabled": True}, headers=GOOD)
    assert (missing.status_code, missing.json()["reason"]) == (404, "unknown_ticker")
    odd = client.post(f"/api/toggle/{MILD}", json={"enabled": "yes"}, headers=GOOD)
    assert odd.status_code == 400
    assert "enabled" in odd.json()["error"]


def test_a_limit_changes_in_the_engine_and_says_until_when(board, client: Caller) -> None:
    answer = client.patch("/api/config", json={"changes": {"risk.max_loss_total": "10.00"}}, headers=GOOD)
    assert answer.status_code == 200, answer.text
    assert "over restarts too" in answer.json()["words"]
    assert [type(event) for event in obey(board)] == [e.Configured]
    assert client.get("/api/status").json()["limits"]["total_usd"] == 10.0
    shown = {s["key"]: s for s in client.get("/api/config").json()["settings"]}
    assert shown["risk.max_loss_total"]["value"] == "10.00"
    assert shown["risk.max_loss_total"]["live"]
    assert shown["exchange.environment"]["live"] is False


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"risk.max_loss_total": 10.5}, "max_loss_total"), ({"quoting.edge": 7}, "edge"), ({"quoting.egde": 0.1}, "egde"),
     ({"exchange.environment": "production"}, "environment"), ({"events.series": ["KXNONE"]}, "KXNONE"),
     ({"risk": {}}, "risk"), ({"quoting.size": None}, "size")],
)  # fmt: skip
def test_a_wrong_setting_is_refused_by_name_and_changes_nothing(board, client, changes, named) -> None:
    answer = client.patch("/api/config", json={"changes": changes}, headers=GOOD)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert board.live.queue.empty()


def test_who_may_only_look_sees_no_secret(board, client: Caller) -> None:
    given = {
        "KWM_EXCHANGE__KEY_ID": "hidden-1", "KWM_WATCHDOG__KEY_ID": "hidden-2", "KWM_PAPER__KEY_ID": "hidden-3",
        "KWM_DASHBOARD__TOKEN": "hidden-4", "KWM_ALERTS__URLS": '["tgram://hidden-5/12345"]',
        "KWM_ALERTS__PING_URL": "https://hc-ping.com/hidden-6", "KWM_WATCHDOG__KEY_FILE": "hidden-7.pem",
    }  # fmt: skip
    board.live.settings = config.load(given)
    shown = client.get("/api/config")
    assert "hidden" not in shown.text
    values = {one["key"]: one["value"] for one in shown.json()["settings"]}
    assert (values["alerts.urls"], values["alerts.ping_url"]) == (["tgram://(set)"], "(set)"), (
        "that they are set is seen"
    )
    assert values["paper.key_file"] == "", "and that something is not"


def test_a_lasting_change_is_written_into_the_settings_file(board, client, tmp_path, monkeypatch) -> None:
    file = tmp_path / "kwm.toml"
    file.write_text('# mine\n[risk]\nmax_loss_total = "20.00"  # enough\n')
    file.chmod(0o600)
    monkeypatch.setenv("KWM_SETTINGS", str(file))
    changes = {"risk.max_loss_total": "30.00", "quoting.edge": 0.03}
    answer = client.patch("/api/config", json={"changes": changes, "lasting": True}, headers=GOOD)
    assert answer.status_code == 200, answer.text
    assert file.stat().st_mode & 0o777 == 0o600, "who could not read it still cannot"
    assert file.read_text() == '# mine\n[risk]\nmax_loss_total = "30.00"  # enough\n\n[quoting]\nedge = 0.03\n'
    monkeypatch.setenv("KWM_QUOTING__EDGE", "0.05")
    refused = client.patch("/api/config", json={"changes": {"quoting.edge": 0.04}, "lasting": True}, headers=GOOD)
    assert "KWM_QUOTING__EDGE" in refused.json()["error"]


def test_without_a_paper_session_its_routes_say_so(client: Caller) -> None:
    answer = client.get("/api/sim/status")
    assert (answer.status_code, answer.json()["reason"]) == (409, "no_paper_session")


def test_health_tells_alive_from_ready_and_names_what_is_stale(board, client: Caller) -> None:
    assert client.get("/api/health").json()["ready"]
    assert client.get("/api/health/ready").status_code == 200
    board.live.state.connected = False
    found = client.get("/api/health")
    assert (found.status_code, found.json()["alive"], found.json()["ready"]) == (200, True, False)
    assert found.json()["stale"] == ["feed"]
    assert client.get("/api/health/ready").status_code == 503


def test_the_metrics_are_prometheus_text(client: Caller) -> None:
    lines = client.get("/metrics").text.splitlines()
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    named = {line.split("{")[0].split()[0] for line in lines if not line.startswith("#")}
    assert named <= typed
    assert "kwm_pnl_today_dollars" in named


def test_the_ladder_tells_each_degree_apart_and_its_distributions_sum_to_one(board, client: Caller) -> None:
    rungs = client.get(f"/api/ladder/{EVENT}").json()["brackets"]
    assert [r["low"] for r in rungs] == [None, 46, 48]
    assert sum(r["fair_c"] for r in rungs) == pytest.approx(100)
    assert sum(r["market_c"] for r in rungs) == pytest.approx(100, abs=0.2)
    assert all(r["worst_usd"] < 0 for r in rungs), "with everything resting filled the worst way each outcome loses"


@pytest.mark.slow
def test_no_request_of_any_shape_brings_an_internal_error(board, client: Caller) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", board.application(), headers={"Host": "127.0.0.1"})
    bounded = settings(
        max_examples=6, deadline=None, database=None, phases=[Phase.explicit, Phase.generate], derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    tried = 0
    for result in schema.exclude(path_regex="/api/stream|/trades|kill-switch").get_all_operations():

        @bounded
        @given(case=result.ok().as_strategy())
        def ask(case: Any) -> None:
            nonlocal tried
            tried += 1
            answer = case.call(headers={**GOOD, "Host": "127.0.0.1"})
            assert answer.status_code < 500 or answer.status_code == 503, (case.method, case.path, answer.text[:300])

        ask()
        obey(board)
    assert tried > 100
