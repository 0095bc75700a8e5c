"""Run a journal through a fresh engine: the same events must give the same actions, byte for byte.

A replay needs nothing but the journal: each run's first line holds the engine's own configuration.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from core.errors import Malformed
from core.storage import journal
from core.storage.journal_rows import ActionRow, EventRow, JournalRow, RunRow
from quoter.engine.config import EngineConfig
from quoter.engine.events import DECODER
from quoter.engine.rows import action_row
from quoter.engine.state import State, new_state
from quoter.engine.step import step

_ROW: msgspec.json.Decoder[JournalRow] = msgspec.json.Decoder(JournalRow)
_ENCODE = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Replayed:
    """What a replay of one run found. `differences`: the first few, journal against replay."""

    run: str
    events: int = 0
    actions: int = 0
    differences: list[tuple[int, str, str]] = field(default_factory=list)


def runs(data: Path, day: str = "*") -> dict[str, list[Path]]:
    """The journal's files of each run that touches `day`, in order, from the run's first line, which may be of a day
    before, to the end of `day`."""
    found: dict[str, list[Path]] = {path.name.split("-")[0]: [] for path in journal.files(data, day)}
    for run, paths in found.items():
        paths += [p for p in journal.files(data, run=run) if day == "*" or p.parent.name <= f"date={day}"]
    return found


def days_of(paths: list[Path]) -> int:
    """On how many days a run wrote these files, at most: from the first one's to the last one's."""
    first, last = (date.fromisoformat(p.parent.name.removeprefix("date=")) for p in (paths[0], paths[-1]))
    return (last - first).days + 1


def rows(paths: list[Path]) -> Iterator[JournalRow]:
    """Every row of one run. Raises: Malformed for a damaged line that is not the last."""
    for path in paths:
        for line, offset in journal.lines(path):
            yield _row(line, f"{path.name} before byte {offset}")


def _row(line: bytes, where: str) -> JournalRow:
    try:
        return _ROW.decode(line)
    except msgspec.MsgspecError as error:
        raise Malformed(where, line[:60], f"damaged: {error}") from error


def begin(row: RunRow) -> State:
    """The engine as it was when the run began."""
    try:
        told = msgspec.convert(row.settings, EngineConfig)
    except msgspec.ValidationError as error:
        raise Malformed("run.settings", row.run, f"not of this version: {error}") from error
    return new_state(told, row.run, row.at)


def replay_run(run: str, paths: list[Path], most: int = 20) -> Replayed:
    """Feed one run's events to a fresh engine and compare every action."""
    return _compare(run, rows(paths), most)


def replay_rows(run: str, lines: list[bytes], most: int = 20) -> Replayed:
    """The same for a journal in memory, of one run or of several after each other."""
    return _compare(run, (_row(line, run) for line in lines), most)


def _compare(run: str, read: Iterable[JournalRow], most: int) -> Replayed:
    found, state = Replayed(run), None
    due: list[bytes] = []
    for row in read:
        if isinstance(row, RunRow):
            state, due = begin(row), []  # a run that was killed may lack its last actions
        elif isinstance(row, EventRow):
            if state is None:
                raise Malformed("journal", run, "its first line, which holds the configuration, is missing")
            _missing(found, due, most)
            actions = step(state, DECODER.decode(row.event))
            state.rows.clear()
            due = [_ENCODE(action_row(state, action)) for action in actions]
            found.events += 1
        elif isinstance(row, ActionRow):
            found.actions += 1
            journalled = _ENCODE(row)
            made = due.pop(0) if due else b"nothing"
            if journalled != made and len(found.differences) < most:
                found.differences.append((row.n, journalled.decode(), made.decode()))
    return found


def _missing(found: Replayed, due: list[bytes], most: int) -> None:
    """Actions that the replay made and the journal does not have."""
    for made in due:
        if len(found.differences) < most:
            found.differences.append((found.events, "nothing", made.decode()))
