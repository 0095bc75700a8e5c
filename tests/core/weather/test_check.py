"""`kwm weather check` says how each source stands: from what the last round remembered."""

from core.errors import Unavailable
from core.stations import BY_CODE
from core.units import HOUR, MINUTE, Instant, instant
from core.weather import check, standing
from core.weather.sources import SOURCES, newest_cycles
from core.weather.standing import Standing, State

NOW = instant("2026-11-24T17:10:00Z")
KNYC = (BY_CODE["KNYC"],)


def line(one: Standing | None, source: str = "nws_grid") -> check.Line:
    state = State() if one is None else State(standings={f"KNYC {source}": one})
    return check.lines(state, KNYC, [SOURCES[source]], NOW)[0]


def test_a_failed_source_shows_the_age_of_its_last_good_vintage_and_the_reason() -> None:
    issued = Instant(NOW - 3 * HOUR)
    found = line(
        Standing("failed", Instant(NOW - 2 * MINUTE), issued, issued, "/gridpoints: 503 Forecast Grid Expired")
    )
    assert (found.verdict, found.age, found.checked, found.good) == ("failed", "3 h 00 min", "2 min 00 s ago", False)
    assert "Grid Expired" in check.shown([found]) and "2026-11-24 14:10Z" in check.shown([found])


def test_a_good_answer_grows_old_while_nobody_asks() -> None:
    issued = Instant(NOW - 20 * HOUR)
    found = line(Standing("unchanged", issued, issued, issued))
    assert (found.verdict, found.good) == ("stale", False)


def test_a_source_that_was_never_asked_is_not_good_and_says_whether_it_is_needed() -> None:
    assert (line(None).verdict, line(None).needed, line(None, "gfs_mos").needed) == ("never asked", True, False)


def test_an_address_is_left_alone_longer_with_each_failed_round_but_never_for_ever() -> None:
    circuit, pauses = None, []
    for _ in range(12):
        circuit = standing.failed(circuit, str(Unavailable("500")), NOW)
        pauses.append((circuit.open_until - NOW) // MINUTE)
    assert pauses[:5] == [0, 0, 4, 8, 16] and pauses[-1] == 40


def test_a_cycle_is_expected_when_it_should_be_out() -> None:
    nbm = SOURCES["nbm"]
    assert newest_cycles(nbm, instant("2026-11-24T14:04:00Z"), 1) == [instant("2026-11-24T07:00:00Z")]
    assert newest_cycles(nbm, instant("2026-11-24T14:05:00Z"), 2) == [
        instant("2026-11-24T13:00:00Z"), instant("2026-11-24T07:00:00Z"),
    ]  # fmt: skip


def test_what_was_remembered_long_ago_is_forgotten_but_a_standing_is_not() -> None:
    state = State(
        products={"old": Instant(NOW - 400 * HOUR), "new": NOW}, standings={"KNYC nbm": Standing("fresh", NOW)}
    )
    state.forget(NOW)
    assert state.products == {"new": NOW} and state.standings
