"""The journal alone: every action again, what other settings would have quoted, why a quote was as it was."""

import dataclasses
from pathlib import Path

import msgspec
import pytest

from core.errors import KwmError
from core.storage.journal_rows import ActionRow, JournalRow, QuoteRow
from core.units import HOUR, Instant
from quoter.shell.replay import days_of, replay_rows, replay_run, rows, runs
from quoter.shell.replay_with import compare
from quoter.shell.why_then import told, why_then
from quoter.shell.world import World
from quoter.shell.world_plan import START

SEED = 165  # a world that keeps its journal, crashes, and has a spread of its own edge
DECODE = msgspec.json.Decoder(JournalRow).decode
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world() -> World:
    return World(SEED).run()


@pytest.fixture(scope="module")
def data(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world's journal as the quoter would have written it, a file a run."""
    folder = tmp_path_factory.mktemp("replay")
    day = folder / "journal" / "date=2026-11-23"
    day.mkdir(parents=True)
    run = 0
    for line in world.journal:
        run += b'"row":"run"' in line
        with (day / f"r{run}-18.jsonl").open("ab") as file:
            file.write(line + b"\n")
    return folder


def test_every_action_comes_again_byte_for_byte_across_restarts(world: World, data: Path) -> None:
    found = [replay_run(run, paths) for run, paths in runs(data, "2026-11-23").items()]
    assert world.runs > 1
    assert len(found) == world.runs
    assert [one.differences for one in found] == [[]] * world.runs
    assert sum(one.actions for one in found) > 100


def test_a_run_that_passed_midnight_is_replayed_from_its_beginning(world: World, tmp_path: Path) -> None:
    """Its first line, which holds the engine's configuration, is in the folder of the day before."""
    first = [i for i, line in enumerate(world.journal) if b'"row":"run"' in line][:2]
    lines = world.journal[first[0] : first[1]]
    for day, part in (("22", lines[: len(lines) // 2]), ("23", lines[len(lines) // 2 :]), ("24", [b"of another day"])):
        folder = tmp_path / "journal" / f"date=2026-11-{day}"
        folder.mkdir(parents=True)
        (folder / "r1-18.jsonl").write_bytes(b"".join(line + b"\n" for line in part))
    (paths,) = runs(tmp_path, "2026-11-23").values()
    found = replay_run("r1", paths)
    assert found.differences == []
    assert found.events == sum(b'"row":"event"' in line for line in lines)
    assert days_of(paths) == 2


def test_one_changed_action_is_found(world: World) -> None:
    changed = list(world.journal)
    number = next(n for n, line in enumerate(changed) if b'"PlaceOrder"' in line)
    changed[number] = changed[number].replace(b'"side":"bid"', b'"side":"ask"').replace(b'"price":', b'"price":1')
    assert len(replay_rows("x", changed).differences) == 1


def test_the_same_settings_would_have_quoted_the_same(world: World, data: Path) -> None:
    _, paths = next(iter(runs(data).items()))
    same = compare(rows(paths), world.config)
    assert same.samples > 100
    assert same.differ == 0


def test_a_wider_edge_would_have_quoted_further_from_fair(world: World, data: Path) -> None:
    _, paths = next(iter(runs(data).items()))
    wide = dataclasses.replace(world.config, quote=dataclasses.replace(world.config.quote, edge=0.06))
    found = compare(rows(paths), wide)
    assert found.differ > 0
    for side, would in found.would.items():
        assert would.distance_c / would.quoted > found.was[side].distance_c / found.was[side].quoted


def test_the_journal_says_why_a_side_was_quoted_or_not(world: World, data: Path) -> None:
    quoted = [row for row in map(DECODE, world.journal) if isinstance(row, QuoteRow)]
    standing = {(row.ticker, row.at): row for row in quoted}  # of several at one instant the last one stood
    last = max((row for row in standing.values() if row.bid is not None), key=lambda row: row.at)
    then = why_then(data, last.ticker, last.at)
    assert then.quote == last
    assert any("bid:" in line for line in told(last.ticker, last.at, then))
    first = quoted[0]
    before = why_then(data, first.ticker, first.at)
    assert before.quote.bid_reasons
    assert any("no bid" in line for line in told(first.ticker, first.at, before))


def test_the_last_request_before_the_instant_is_told(world: World, data: Path) -> None:
    asked = [r for r in map(DECODE, world.journal) if isinstance(r, ActionRow) and r.name == "PlaceOrder"][5]
    ticker = getattr(asked.request, "ticker", "")
    then = why_then(data, ticker, asked.at)
    assert then.request is not None
    assert then.request.at == asked.at


def test_a_market_the_journal_does_not_know_is_refused_by_name(data: Path) -> None:
    with pytest.raises(KwmError, match="KXNOWHERE"):
        why_then(data, "KXNOWHERE", Instant(START + HOUR))
