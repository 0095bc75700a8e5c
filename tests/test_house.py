"""The habits of the house, kept by a test: who imports whom, what a pure room may not know, how long a file may be."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(p for room in ("core", "quoter", "flows") for p in (ROOT / room).rglob("*.py"))
IMPURE = {"asyncio", "time", "random", "logging", "httpx", "duckdb", "aiohttp", "websockets", "socket", "threading"}
EDGES_IN_PURE_ROOMS = {
    "core/weather": {"fetch", "fetch_http", "server", "command"},
    "core/exchange": {"rest", "stream", "catalog", "server", "command", "sweep"},
}
LONGEST = 350


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def rooms(*names: str) -> list[Path]:
    return [p for p in SOURCES if any(name(p).startswith(n + "/") or name(p) == n for n in names)]


def test_core_looks_at_nobody_above_it() -> None:
    wrong = [(name(p), i) for p in rooms("core") for i in imports(p) if i.split(".")[0] in ("flows", "quoter")]
    assert wrong == []


def test_flows_and_the_quoter_do_not_know_each_other() -> None:
    wrong = [(name(p), i) for p in rooms("flows") for i in imports(p) if i.split(".")[0] == "quoter"]
    wrong += [(name(p), i) for p in rooms("quoter") for i in imports(p) if i.split(".")[0] == "flows"]
    assert wrong == []


def test_the_quoter_never_heard_of_the_weather_nor_of_prefect_or_scipy() -> None:
    banned = ("core.weather", "core.fair", "prefect", "scipy", "pandas", "matplotlib")
    wrong = [(name(p), i) for p in rooms("quoter") for i in imports(p) if i.startswith(banned)]
    assert wrong == []


def test_the_shared_domain_knows_no_room() -> None:
    """units, contract, messages and their neighbours import only each other."""
    domain = [p for p in (ROOT / "core").glob("*.py") if p.stem not in ("cli", "__init__") and "doctor" not in p.stem]
    below = ("core.weather", "core.fair", "core.risk", "core.exchange", "core.storage", "core.up")
    wrong = [(name(p), i) for p in domain for i in imports(p) if i.startswith(below)]
    assert wrong == []


@pytest.mark.parametrize("room", ["quoter/engine", "core/fair", "core/risk"])
def test_a_pure_room_imports_nothing_that_acts(room: str) -> None:
    wrong = [(name(p), i) for p in rooms(room) for i in imports(p) if i.split(".")[0] in IMPURE]
    assert wrong == []


def test_the_pure_files_of_mixed_rooms_import_nothing_that_acts() -> None:
    pure = [ROOT / "core" / f for f in ("units.py", "contract.py", "fees.py", "messages.py", "publication.py")]
    pure += [ROOT / "core" / f for f in ("stations.py", "station_day.py", "errors.py")]
    for file in ("wire", "translate", "simulator", "session"):
        pure += list((ROOT / "core/exchange").glob(f"{file}*.py"))
    for file in ("nws", "climate_report", "metar", "nbm", "mos", "twc", "observations", "rows", "world"):
        pure += list((ROOT / "core/weather").glob(f"{file}*.py"))
    wrong = [(name(p), i) for p in pure for i in imports(p) if i.split(".")[0] in IMPURE]
    assert wrong == []
    assert len(pure) > 10


def test_nobody_asks_the_wall_clock_below_the_shells() -> None:
    """Time is an argument; only shells, servers, flows, storage and the clock itself may ask."""
    asks = re.compile(r"datetime\.(?:now|utcnow|today)\(|\btime\.time(?:_ns)?\(|\bdate\.today\(")
    inside = rooms("quoter/engine", "core/fair", "core/risk")
    inside += [p for p in (ROOT / "core").glob("*.py") if p.stem not in ("clock", "cli") and "doctor" not in p.stem]
    wrong = [name(p) for p in inside if asks.search(p.read_text())]
    assert wrong == []


@pytest.mark.parametrize("file", ["core/units.py", "core/fees.py"])
def test_money_knows_no_float_literal(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    floats = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    assert floats == []


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_says_what_it_knows_and_stays_small(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "a module opens with what it knows and what it does not"
    assert text.count("\n") <= LONGEST, "small files come from returning values"


def test_no_exception_is_swallowed_whole() -> None:
    broad = re.compile(r"^\s*except(?: Exception| BaseException)?(?: as \w+)?:", re.MULTILINE)
    assert [name(p) for p in SOURCES if broad.search(p.read_text())] == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile("TO" + "DO|FIX" + "ME|NotImplemented" + "Error")
    assert [name(p) for p in SOURCES if later.search(p.read_text())] == []


def test_fakes_not_mocks() -> None:
    mocks = re.compile("unittest" + r"\.mock|Magic" + r"Mock|monkeypatch\." + "setattr")
    assert [name(p) for p in (ROOT / "tests").rglob("*.py") if mocks.search(p.read_text())] == []


def test_every_ignored_lint_rule_has_its_reason() -> None:
    bare = re.compile(r"#\s*noqa(?::\s*[A-Z0-9, ]+)?\s*$|#\s*type:\s*ignore(?:\[[\w, -]+\])?\s*$", re.MULTILINE)
    assert [(name(p), m.group()) for p in SOURCES for m in bare.finditer(p.read_text())] == []


def test_the_repository_names_no_machine_and_no_registry() -> None:
    hosts = re.compile("/" + "work/|/" + "root/|pypi" + r"\.org|python" + r"hosted|npmjs\." + r"(?:org|com)")
    ends = (".py", ".toml", ".md", ".yaml", ".sql", ".js", ".css", ".html", ".lock", ".sh")
    files = [p for p in ROOT.iterdir() if p.is_file() and p.name.endswith(ends)]
    for folder in ("core", "quoter", "flows", "tests", "docs", ".ci"):
        files += [p for p in (ROOT / folder).rglob("*") if p.is_file() and p.name.endswith(ends)]
    assert [name(p) for p in files if hosts.search(p.read_text())] == []
