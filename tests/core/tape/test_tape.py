"""Tapes: what was written is read again, whatever breaks off; what was heard is heard again in the same words."""

import asyncio
import contextlib
from pathlib import Path

import duckdb
import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from core import messages as m
from core.errors import Malformed
from core.exchange.books import Books
from core.exchange.traders import NOISE
from core.history.dataset import History
from core.tape.check import check
from core.tape.convert import convert, convert_once
from core.tape.format import Decoder, Header, Kind, Record, answer, encode
from core.tape.playback import messages
from core.tape.reader import files, records
from core.tape.writer import Writer
from core.units import HOUR, MINUTE, SECOND, Count, Instant, Price
from tests.core.exchange_client.loopback import embedded
from tests.core.exchange_client.test_stream_over_loopback import kinds, opened, until
from tests.core.tape import made

_AT = Instant(1_795_500_000 * SECOND)
_HEADER = Header(1, "r1", "embedded", "ws://x", True)
_RECORDS = st.lists(
    st.builds(Record, st.sampled_from(Kind), st.integers(0, 2**62).map(Instant), st.binary(max_size=60)), max_size=12
)


@given(_RECORDS, st.lists(st.integers(1, 40), max_size=60))
def test_records_come_out_as_they_went_in_however_the_bytes_are_cut(told: list[Record], cuts: list[int]) -> None:
    raw = b"".join(encode(record) for record in told)
    decoder, found = Decoder.new(), list[Record]()
    for cut in cuts:
        piece, raw = raw[:cut], raw[cut:]
        found += decoder.feed(piece)
    found += decoder.feed(raw)
    assert found == told
    assert decoder.waiting == 0


@given(st.binary(max_size=300))
def test_any_bytes_are_records_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        list(Decoder.new().feed(raw))
    with contextlib.suppress(Malformed):
        answer(raw)


def written(folder: Path, number: int, **options: int) -> Writer:
    writer = Writer(folder, _HEADER, **options)
    for i in range(number):
        writer.append(Kind.HEARD, Instant(_AT + i * SECOND), b"frame %d" % i * 20)
        writer.flush(Instant(_AT + i * SECOND))
    return writer


def test_what_was_flushed_survives_a_kill_in_the_middle_of_a_frame(tmp_path: Path) -> None:
    written(tmp_path, 30)  # never closed: the file ends without the end of its frame
    found = list(records(files(tmp_path)))
    assert [r.data for r in found if r.kind is Kind.HEARD] == [b"frame %d" % i * 20 for i in range(30)]


def test_a_torn_end_hides_nothing_before_it_and_is_named(tmp_path: Path) -> None:
    writer = written(tmp_path, 30)
    writer.close(Instant(_AT + 30 * SECOND))
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:-40])
    breaks: list[str] = []
    found = list(records([path], lambda where, words: breaks.append(words)))
    assert 20 <= sum(r.kind is Kind.HEARD for r in found) <= 30
    assert found[1].data == b"frame 0" * 20


def test_rot_in_a_finished_frame_is_found_by_its_checksum(tmp_path: Path) -> None:
    writer = written(tmp_path, 200)  # more than a minute: the first frame is finished
    writer.close(Instant(_AT + 200 * SECOND))
    (path,) = files(tmp_path)
    other = path.with_name("235959-r2-0001.tape.zst")
    other.write_bytes(path.read_bytes())
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 4] ^= 0xFF
    path.write_bytes(raw)
    breaks: list[str] = []
    found = list(records(files(tmp_path), lambda where, words: breaks.append(f"{where.name} {words}")))
    assert len(breaks) == 1
    assert breaks[0].startswith(path.name) and "damaged" in breaks[0]
    assert sum(r.kind is Kind.HEARD for r in found) >= 200  # the other file is whole


def test_a_new_file_begins_with_the_hour_and_with_the_size(tmp_path: Path) -> None:
    writer = Writer(tmp_path, _HEADER, rotate_bytes=2000)
    for i in range(90):
        at = Instant(_AT + i * MINUTE)
        writer.append(Kind.HEARD, at, msgspec.json.encode({"n": i, "noise": hash(str(i)) & 0xFFFF}) * 5)
        writer.flush(at)
    writer.close(Instant(_AT + 90 * MINUTE))
    paths = files(tmp_path)
    assert len(paths) >= 90 * MINUTE // HOUR + 1
    assert sum(r.kind is Kind.HEARD for r in records(paths)) == 90
    assert zstandard.ZstdDecompressor().stream_reader(paths[0].open("rb")).read(1) == Kind.HEADER.value


def test_a_file_that_is_no_tape_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x.tape.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(b"hello, I am no tape"))
    with pytest.raises(Malformed, match=r"x\.tape\.zst"):
        list(records([path]))


def test_a_tape_of_another_version_is_refused(tmp_path: Path) -> None:
    writer = Writer(tmp_path, Header(99, "r", "embedded", "ws://x", True))
    writer.append(Kind.CONNECTED, _AT, b"")
    writer.close(_AT)
    with pytest.raises(Malformed, match="99"):
        list(records(files(tmp_path)))


async def recorded(folder: Path) -> list[m.Said]:
    """An exchange is listened to while people trade there; what our client made of it at the time."""
    heard: list[m.Said] = []
    writer = Writer(folder, Header(1, "r1", "embedded", "ws://x", True))
    async with embedded() as place:
        first, second = place.markets[0].ticker, place.markets[1].ticker
        stream = place.stream()
        stream.tap = lambda kind, at, data: writer.append(Kind(kind.encode()), at, data)
        stream.watch({first, second})
        task = asyncio.create_task(stream.run(heard.append))
        await until(heard, lambda h: opened(h) and sum(isinstance(x, m.BookSnapshot) for x in h) >= 2)
        for i in range(40):
            side, price = (m.Side.BID, 3000 + 100 * (i % 5)) if i % 2 else (m.Side.ASK, 5000 + 100 * (i % 7))
            place.venue.request(NOISE, m.PlaceOrder(f"n-{i}", first, side, Price(price), Count(300 + i)))
        place.venue.request(NOISE, m.PlaceOrder("t", first, m.Side.BID, Price(6000), Count(700), post_only=False))
        await until(heard, lambda h: "TradePrint" in kinds(h))
        stream.resync({first})
        await until(heard, lambda h: sum(isinstance(x, m.BookSnapshot) for x in h) >= 3)
        stream.watch({second})
        await asyncio.sleep(0.1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        writer.close(Instant(heard[-1].at + SECOND))
    return heard


async def test_a_tape_says_again_what_our_client_heard_word_for_word(tmp_path: Path) -> None:
    heard = await recorded(tmp_path)
    again = list(messages(records(files(tmp_path))))
    said = [x for x in heard if not isinstance(x, m.Heartbeat)]
    assert again[: len(said)] == said
    assert sum(isinstance(x, m.BookDelta) for x in again) >= 40


async def test_a_whole_tape_is_called_whole_and_a_lost_frame_is_named(tmp_path: Path) -> None:
    await recorded(tmp_path)
    all_of_it = list(records(files(tmp_path)))
    found = check(all_of_it)
    assert (found.fault_count, found.connections, len(found.markets)) == (0, 1, 2)
    assert found.snapshots_compared == 1
    deltas = [i for i, r in enumerate(all_of_it) if b'"orderbook_delta"' in r.data and r.kind is Kind.HEARD]
    lost = [r for i, r in enumerate(all_of_it) if i != deltas[10]]
    assert any("gap" in words for _, words in check(lost).faults)


async def test_a_tape_becomes_tables_that_duckdb_reads(tmp_path: Path) -> None:
    heard = await recorded(tmp_path)
    counts = convert(records(files(tmp_path)), tmp_path / "tables")
    assert counts["trades"] == sum(isinstance(x, m.TradePrint) for x in heard)
    db = duckdb.connect()
    prints = db.execute(
        f"SELECT sum(count), min(yes_price_dollars), any_value(taker_side) FROM '{tmp_path}/tables/trades.parquet'"
    ).fetchall()
    assert [float(x) if i < 2 else x for i, x in enumerate(prints[0])] == [7.0, 0.5, "yes"]
    touch = db.execute(
        f"SELECT best_yes_bid, best_no_bid FROM '{tmp_path}/tables/quotes.parquet' WHERE best_yes_bid > 0"
        ' AND best_no_bid > 0 ORDER BY "at" DESC LIMIT 1'
    ).fetchall()
    assert [float(x) for x in touch[0]] == [34.0, 50.0]


def test_the_levels_of_a_converted_tape_are_its_books_and_its_results_are_the_last_told(tmp_path: Path) -> None:
    tape = made.tape(tmp_path / "data", minutes=200)
    out, books = tmp_path / "tables", Books()
    assert convert_once(files(tape), out, lambda path, words: None)
    assert not convert_once(files(tape), out, lambda path, words: None), "made of the same files: left alone"
    told = list(messages(records(files(tape))))
    for said in told[:-1]:  # until the recording stops
        books.learn(said)
    history = History(out)
    (event,) = history.events(*history.span())
    assert [market.pays for market in event.markets] == [False, True, False]
    levels = history.levels([event])[event.ticker]
    known, forgotten = dict[tuple[int, bool, int], int](), 0
    columns = (x.tolist() for x in (levels.market, levels.bid, levels.price, levels.size))
    for i, bid, price, size in zip(*columns, strict=True):
        if price == 0:
            forgotten += 1
        elif size:
            known[(i, bid, price)] = size
        else:
            del known[(i, bid, price)]
    assert forgotten == 6, "when the recording stops nothing is known of either side of three books"
    want = {
        (i, bid, price): size
        for i, market in enumerate(event.markets)
        for bid, side in ((True, books.of[market.ticker].bids), (False, books.of[market.ticker].asks))
        for price, size in side.items()
    }
    assert known == want
    touch = history.touches([event])[event.ticker]
    assert (touch.bid[-1], touch.ask[-1]) == (0, 0)
