"""Where the facts of alerts come from: the quoter's heartbeat and journal, the publication, lake, Prefect and disk.

Only reads, and never asks the quoter itself: an alert must not cost its loop anything, and must come when it hangs.
"""

import shutil
import time
from collections import deque
from pathlib import Path
from typing import Any

import duckdb
import httpx
import msgspec

from core.config import Settings
from core.errors import KwmError
from core.exchange.hours import paused_by_schedule
from core.ops.alerts import Facts, FlowTrouble, Note, Used
from core.pulse import Pulse
from core.storage import journal, lake, publications
from core.storage.journal_rows import NoteRow
from core.units import DAY, SECOND, Instant, Money, instant, iso
from core.up.report import heartbeat

_LAKE_EVERY_S = 120.0
_PREFECT_EVERY_S = 20.0
_OBSERVATION_OLD_S = 3 * 3600.0
_NOTE = msgspec.json.Decoder(NoteRow)


class JournalNotes:
    """The notes of the journal from now on: each once, whole lines only."""

    def __init__(self, data: Path) -> None:
        self.journal = journal.Listing(data)
        self.offsets = {path: _size(path) for path in self.journal.files()}

    def new(self) -> list[Note]:
        """Those written since the last call."""
        found = []
        files = self.journal.files()
        self.offsets = {path: self.offsets.get(path, 0) for path in files}
        for path in files:
            if _size(path) <= self.offsets[path]:
                continue
            for line, after in journal.lines(path, self.offsets[path]):
                self.offsets[path] = after
                if line.startswith(b'{"row":"note"'):
                    try:
                        row = _NOTE.decode(line)
                    except msgspec.MsgspecError:
                        continue  # `load` counts damaged lines
                    found.append(Note(row.kind, row.words))
        return found


class Watcher:
    """Reads everything; slow sources less often."""

    def __init__(self, settings: Settings, data: Path, api: str) -> None:
        self.settings, self.data, self.api = settings, data, api
        self.notes = JournalNotes(data)
        self.fills: deque[tuple[float, int]] = deque(maxlen=120)
        self.run = ""
        self.names: dict[str, str] = {}
        self.since = self.began = time.time()
        self.heart, self.watched = Pulse(), Pulse()
        self.next_lake = self.next_prefect = 0.0
        self.old_sources: list[str] = []
        self.mismatches: list[str] = []
        self.late: list[FlowTrouble] = []
        self.prefect_trouble = ""
        self.watchdog_did = 0.0
        self._watchdog()  # what it did before now was told then

    def look(self, now: Instant) -> Facts:
        """The facts at the world's time `now`."""
        wall, own = time.time(), time.monotonic()
        beat = self._beat()
        failed = self._prefect(wall, own)
        watchdog, watchdog_age_s = self._watchdog()
        if own >= self.next_lake:
            self.next_lake = own + _LAKE_EVERY_S
            self._lake(now)
        return Facts(
            beat_age_s=self._beat_age(wall), state=str(beat.get("state", "")), halted=str(beat.get("halted") or ""),
            may_rest=self._may_rest(beat, wall),
            connected=bool(beat.get("connected", True)), shut=str(beat.get("shut") or ""),
            weekly_pause=paused_by_schedule(now), publication_left_s=self._publication_left(now),
            used=used(beat, self.settings), fills_last_minute=self._fills(beat, own), notes=self.notes.new(),
            old_sources=tuple(self.old_sources), mismatches=tuple(self.mismatches), flows=(*failed, *self.late),
            prefect_trouble=self.prefect_trouble, free_mb=shutil.disk_usage(self.data).free / 1e6,
            watchdog=watchdog, watchdog_age_s=watchdog_age_s,
        )  # fmt: skip

    def _beat(self) -> dict[str, Any]:
        try:
            return heartbeat(self.data) or {}
        except KwmError:
            return {}

    def _may_rest(self, beat: dict[str, Any], wall: float) -> int:
        """Orders that a quoter could not prove gone when it ended; each expires by itself within its lifetime."""
        unproved = beat.get("state") == "stopped" and beat.get("proved") is False
        old = (self._beat_age(wall) or 0.0) > self.settings.engine.order_life_s
        return max(1, int(beat.get("working") or 0)) if unproved and not old else 0

    def _beat_age(self, wall: float) -> float | None:
        try:
            found = (self.data / "live" / "quoter.json").stat()
        except FileNotFoundError:
            return None
        return self.heart.age((found.st_mtime_ns, found.st_ino), wall - found.st_mtime, time.monotonic())

    def _publication_left(self, now: Instant) -> float | None:
        try:
            found = publications.read(self.data)
        except KwmError:
            return None
        return None if found is None else (found.valid_until - now) / SECOND

    def _fills(self, beat: dict[str, Any], own: float) -> int:
        count, run = int(beat.get("fills") or 0), str(beat.get("run", ""))
        if run != self.run:
            self.fills.clear()
            self.run = run
        self.fills.append((own, count))
        while self.fills and own - self.fills[0][0] > 60.0:
            self.fills.popleft()
        return count - self.fills[0][1] if self.fills else 0

    def _watchdog(self) -> tuple[str, float | None]:
        """(what it did since the last look, seconds since its last word or None where none runs)."""
        path = self.data / "live" / "watchdog.json"
        try:
            said = msgspec.json.decode(path.read_bytes())
            found = path.stat()
        except (msgspec.MsgspecError, OSError):
            return "", None
        if not isinstance(said, dict):
            return "", None
        age = self.watched.age((found.st_mtime_ns, found.st_ino), time.time() - found.st_mtime, time.monotonic())
        did = said.get("last") or {}
        at = float(did.get("at") or 0.0)
        fresh = at not in (0.0, self.watchdog_did)  # not "later": the clock may have been set back
        self.watchdog_did = at
        words = str(said.get("fired") or did.get("why") or "") if fresh else ""
        return words, None if said.get("state") == "stopped" else age

    # --- the lake ----------------------------------------------------------------------------------------------------

    def _lake(self, now: Instant) -> None:
        if not (self.data / "lake").exists():
            return
        try:
            with lake.connect(self.data) as db:
                self.old_sources = _old_sources(db, now, self.settings.weather.max_age_s)
                found = db.execute(
                    "SELECT ticker, theirs, ours FROM settlement_mismatches WHERE settled_at > $since::TIMESTAMPTZ",
                    {"since": iso(Instant(now - 3 * DAY))},
                ).fetchall()
                differing = db.execute(
                    "SELECT DISTINCT event_ticker, words FROM settlement_differences"
                    " WHERE seen_at > $since::TIMESTAMPTZ",
                    {"since": iso(Instant(now - 3 * DAY))},
                ).fetchall()
        except (duckdb.Error, OSError) as error:
            self.old_sources = [f"the lake cannot be read: {error}"]
            return
        self.mismatches = [f"{t}: the exchange settled {theirs} contracts, our fills say {ours}"
                           for t, theirs, ours in found]  # fmt: skip
        self.mismatches += [f"{event}: {words}" for event, words in differing]

    # --- Prefect -----------------------------------------------------------------------------------------------------

    def _prefect(self, wall: float, own: float) -> list[FlowTrouble]:
        if own < self.next_prefect:
            return []
        self.next_prefect = own + _PREFECT_EVERY_S
        try:
            with httpx.Client(base_url=self.api, timeout=5.0, trust_env=False) as client:
                failed = _failed(client, self.since, self.names)
                self.late = _late(client, self.began, wall, self.names)
        except (httpx.HTTPError, ValueError, KeyError) as error:
            self.prefect_trouble = f"{type(error).__name__} {error}".strip()
            return []
        self.prefect_trouble = ""
        self.since = wall
        return failed


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # compressed, or let go, since it was listed
        return 0


def used(beat: dict[str, Any], settings: Settings) -> list[Used]:
    """Limits and how much of each the heartbeat says is used."""
    risk = settings.risk
    limit, accepted = beat.get("max_daily_loss"), int(beat.get("accepted") or 0)  # in force; a person's word counts
    daily = Money(limit) if type(limit) is int else risk.max_daily_loss
    lost = Money(max(0, -int(beat.get("pnl") or 0) - accepted))
    shown = [Used("worst-case loss, all events", Money(int(beat.get("worst") or 0)), risk.max_loss_total)]
    shown.append(Used("loss today", lost, daily))
    for key, limit in (("worst_event", risk.max_loss_event), ("worst_city", risk.max_loss_city)):
        found = beat.get(key)
        if isinstance(found, list) and len(found) == 2:
            shown.append(Used(f"worst-case loss of {found[0]}", Money(int(found[1])), limit))
    return shown


def _old_sources(db: duckdb.DuckDBPyConnection, now: Instant, forecast_s: float) -> list[str]:
    """Stations whose newest forecast or observation is older than it may be, of those we had in the last three days."""
    query = (
        "SELECT what, station, date_diff('second', newest, $now::TIMESTAMPTZ) AS age FROM ("
        " SELECT 'forecast' AS what, station, max(issued_at) AS newest FROM forecasts"
        " WHERE partition_date >= $now::TIMESTAMPTZ::DATE - 3 GROUP BY station"
        " UNION ALL SELECT 'observation', station, max(observed_at) FROM observations"
        " WHERE partition_date >= $now::TIMESTAMPTZ::DATE - 3 GROUP BY station)"
        " WHERE age > CASE what WHEN 'forecast' THEN $forecast ELSE $observation END ORDER BY age DESC"
    )
    found = db.execute(query, {"now": iso(now), "forecast": forecast_s, "observation": _OBSERVATION_OLD_S}).fetchall()
    return [f"{what} of {station} {age / 3600:.1f} h old" for what, station, age in found]


def _flow_name(client: httpx.Client, names: dict[str, str], flow_id: str) -> str:
    if flow_id not in names:
        answer = client.get(f"/flows/{flow_id}")
        answer.raise_for_status()
        names[flow_id] = str(answer.json()["name"])
    return names[flow_id]


def _runs(client: httpx.Client, filters: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post("/flow_runs/filter", json={"flow_runs": filters, "limit": 50})
    answer.raise_for_status()
    runs: list[dict[str, Any]] = answer.json()
    return runs


def _failed(client: httpx.Client, since: float, names: dict[str, str]) -> list[FlowTrouble]:
    after = iso(Instant(int(since * SECOND)))
    runs = _runs(client, {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}, "end_time": {"after_": after}})
    return [
        FlowTrouble(_flow_name(client, names, run["flow_id"]), 0.0, str((run.get("state") or {}).get("message") or ""))
        for run in runs
    ]  # fmt: skip


def _late(client: httpx.Client, began: float, wall: float, names: dict[str, str]) -> list[FlowTrouble]:
    """Runs that should have begun. What was due while everything was off is late from `began` on, not from then."""
    found: dict[str, float] = {}
    for run in _runs(client, {"state": {"name": {"any_": ["Late"]}}}):
        name = _flow_name(client, names, run["flow_id"])
        due = instant(run["expected_start_time"], "expected_start_time") / SECOND
        found[name] = max(found.get(name, 0.0), wall - max(due, began))
    return [FlowTrouble(name, late, "") for name, late in found.items()]
