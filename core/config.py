"""Settings: one committed `settings.toml`, a person's `kwm.toml` over it, the environment (`KWM_...`) on top.

Frozen, unknown keys are errors, read once at the top. Below that a function takes the smallest part it needs. Amounts
of money in `[risk]` have defaults for the embedded world only: in demo and production each must be set by a person.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from core.config_house import AlertSettings, DashboardSettings, PrefectSettings, StorageSettings, WatchdogSettings
from core.config_kinds import Clocktime, Contracts, Dollars, Edge, Port, Seconds, Section
from core.config_record import NEEDS_READER, PaperSettings, TapeSettings
from core.config_weather import WeatherSettings
from core.errors import Malformed, SettingsError
from core.stations import BY_CODE, BY_SERIES, STATIONS, Station

CONFIRMATION = "I trade real money"
PAPER = "paper"  # the folder of what happens on paper, in the data folder
DEFAULTS = Path(__file__).with_name("settings.toml")
_PREFIX = "KWM_"
_NOT_SETTINGS = {
    "KWM_CLOCK", "KWM_SETTINGS", "KWM_SHARED", "KWM_REST_URL", "KWM_WS_URL", "KWM_WEATHER_URL",
    "KWM_EXCHANGE__KEY_PEM",
}  # fmt: skip


class ExchangeSettings(Section):
    """Which exchange, and as whom."""

    environment: Literal["embedded", "demo", "production"]
    confirm_production: str
    exchange_index: int
    subaccount: Annotated[int, Field(ge=0, le=63)]
    key_id: str
    key_file: str
    timeout_s: Seconds
    use_yes_price: bool
    port: Port
    books: str
    faults: str
    weekly_pause: bool

    def books_file(self) -> Path | None:
        """The recorded books that the embedded exchange opens with, if any."""
        return Path(self.books) if self.books else None


class EventSettings(Section):
    """Which events we look at."""

    cities: tuple[str, ...]
    variables: tuple[Literal["high", "low"], ...]
    series: tuple[str, ...]
    only: tuple[str, ...]
    exclude: tuple[str, ...]

    @model_validator(mode="after")
    def _known(self) -> "EventSettings":
        for city in self.cities:
            if station_named(city) is None:
                raise ValueError(f"cities: no station {city!r}; known are {', '.join(s.city for s in STATIONS)}")
        for series in self.series:
            if series not in BY_SERIES:
                raise ValueError(f"series: {series!r} is no daily temperature series we know")
        return self

    def stations(self) -> tuple[Station, ...]:
        """The chosen stations, in the table's order."""
        if not self.cities:
            return STATIONS
        wanted = {station_named(city) for city in self.cities}
        return tuple(s for s in STATIONS if s in wanted)

    def wants(self, series: str) -> bool:
        """Is this series chosen?"""
        station = BY_SERIES.get(series)
        if station is None or station not in self.stations():
            return False
        variable = "high" if series == station.series_high else "low"
        return variable in self.variables and (not self.series or series in self.series)


class FlowSettings(Section):
    """How often flows run, and how long a publication lives."""

    discover_s: Seconds
    ingest_s: Seconds
    publish_s: Seconds
    load_s: Seconds
    settle_s: Seconds
    report_s: Seconds
    compact_s: Seconds
    fit_at: Clocktime
    score_at: Clocktime
    brief_at: Clocktime
    eod_at: Clocktime
    verify_at: Clocktime
    valid_s: Seconds


class QuotingSettings(Section):
    """How quotes are made. `settings.toml` says what each means."""

    edge: Edge
    min_edge: Edge
    sd_edge: Annotated[float, Field(ge=0, le=10)]
    reservation: Literal["none", "linear", "exponential", "cara"]
    skew_edge: Edge
    risk_aversion: Annotated[float, Field(gt=0, le=1)]
    spread: Literal["linear", "logit"]
    informed: Annotated[float, Field(ge=0, lt=1)]
    revision_f: Annotated[float, Field(ge=0, le=20)]
    longshot_edge: Edge
    size: Contracts
    max_size: Contracts
    levels: Annotated[int, Field(ge=1, le=10)]
    level_step: Edge
    size_by: Literal["fixed", "headroom"]
    stop_loss: Dollars
    exit_before_close_s: Annotated[float, Field(ge=0)]
    one_sided_at: Annotated[float, Field(gt=0, le=1)]
    min_fair: Annotated[float, Field(ge=0, lt=0.5)]
    min_weight: Annotated[float, Field(ge=0, le=1)]
    max_gap: Edge
    stop_before_close_s: Annotated[float, Field(ge=0)]
    requote_ticks: Annotated[int, Field(ge=0, le=100)]
    requote_size: Annotated[float, Field(ge=0, le=1)]
    requote: Literal["ticks", "queue"]
    requote_gain: Annotated[float, Field(ge=0, le=1_000)]
    adverse: Edge
    flow_prior: Annotated[float, Field(ge=0)]
    fill_horizon_s: Seconds


class RiskSettings(Section):
    """What may be lost. No default for money outside the embedded world."""

    max_order: Contracts
    max_order_notional: Dollars
    max_position: Contracts
    max_loss_event: Dollars
    max_stress_event: Dollars
    max_loss_station_day: Dollars
    max_loss_city: Dollars
    max_loss_total: Dollars
    max_daily_loss: Dollars
    max_drawdown: Dollars
    min_balance: Dollars
    collar: Edge
    max_fills_per_minute: Annotated[int, Field(ge=1)]
    max_errors_per_minute: Annotated[int, Field(ge=1)]


class EngineSettings(Section):
    """Timing, identity and budget of the engine."""

    run_prefix: Annotated[str, Field(pattern=r"^[a-z0-9]{2,12}$")]
    book_stale_s: Seconds
    feed_late_s: Annotated[float, Field(ge=0, le=3600)]
    order_life_s: Seconds
    refresh_before_s: Seconds
    ack_timeout_s: Seconds
    reconcile_s: Seconds
    write_tokens_per_s: Annotated[float, Field(gt=0)]
    write_burst: Annotated[float, Field(gt=0)]
    cancel_reserve: Annotated[float, Field(ge=0)]
    order_groups: bool
    group_window_limit: Contracts
    group_reset_s: Annotated[float, Field(ge=0)]
    reduce_only_at: Annotated[float, Field(gt=0, le=1)]
    empty_books: bool

    @model_validator(mode="after")
    def _ordered(self) -> "EngineSettings":
        if self.refresh_before_s >= self.order_life_s:
            raise ValueError(
                "refresh_before_s must be shorter than order_life_s, or every order is always being renewed"
            )
        if self.cancel_reserve >= self.write_burst:
            raise ValueError("cancel_reserve must be below write_burst, or nothing can ever be placed")
        return self


class Settings(Section):
    """All of it."""

    exchange: ExchangeSettings
    weather: WeatherSettings
    events: EventSettings
    flows: FlowSettings
    quoting: QuotingSettings
    risk: RiskSettings
    engine: EngineSettings
    watchdog: WatchdogSettings
    storage: StorageSettings
    dashboard: DashboardSettings
    prefect: PrefectSettings
    alerts: AlertSettings
    tape: TapeSettings
    paper: PaperSettings

    @property
    def clock_file(self) -> Path | None:
        """Where an embedded world that runs says what time it is there; None where the time is the wall's."""
        own = self.exchange.environment == "embedded" and self.weather.source == "embedded"
        return self.storage.data / "live" / "clock.json" if own else None


def station_named(name: str) -> Station | None:
    """`KNYC`, `knyc`, `New York` -> the station, or None."""
    wanted = name.strip().lower()
    return BY_CODE.get(wanted.upper()) or next((s for s in STATIONS if s.city.lower() == wanted), None)


def load(environ: dict[str, str] | None = None, file: Path | None = None, *, to_trade: bool = True) -> Settings:
    """Defaults, the person's file, the environment, in this order. Raises: SettingsError, naming key and remedy.
    `to_trade` False: for who only takes orders away; no missing limit or word of consent keeps anybody from that."""
    env = dict(os.environ if environ is None else environ)
    chosen = file or (Path(env["KWM_SETTINGS"]) if env.get("KWM_SETTINGS") else Path("kwm.toml"))
    if not chosen.exists() and (file is not None or env.get("KWM_SETTINGS")):
        raise SettingsError(f"settings file {chosen} does not exist")
    own = _read(chosen) if chosen.exists() else {}
    own = _merged(own, _from_environment(env))
    merged = _merged(_read(DEFAULTS), own)
    try:
        settings = Settings.model_validate(merged)
    except (ValidationError, Malformed) as error:
        raise SettingsError(words_of(error)) from error
    if settings.exchange.environment != "embedded":
        _check_key(settings, env, to_trade=to_trade)
        if to_trade:
            _check_consent(settings, own)
    return _on_paper(settings) if settings.paper.only else settings


def _on_paper(settings: Settings) -> Settings:
    """All that happens on paper stays in a folder of its own: imagined fills never stand beside real ones."""
    storage = settings.storage.model_copy(update={"data": settings.storage.data / PAPER})
    return settings.model_copy(update={"storage": storage})


def named_folder(settings: Settings) -> Path:
    """[storage] data as a person named it; of settings on paper, the folder above theirs."""
    data = settings.storage.data
    return data.parent if settings.paper.only else data


def place(settings: Settings, *, on_paper: bool = False) -> str:
    """Where orders go, for people: `demo`, `production`, `production, on paper`. `on_paper`: in a session on paper,
    alone or not."""
    environment = settings.exchange.environment
    return f"{environment}, on paper" if on_paper or settings.paper.only else environment


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _from_environment(env: dict[str, str]) -> dict[str, Any]:
    """`KWM_QUOTING__EDGE=0.03` -> {"quoting": {"edge": 0.03}}; values are read as TOML, else as text."""
    found: dict[str, Any] = {}
    for name, value in env.items():
        if not name.startswith(_PREFIX) or name in _NOT_SETTINGS:
            continue
        section, separator, key = name.removeprefix(_PREFIX).lower().partition("__")
        if not separator:
            raise SettingsError(f"{name}: expected KWM_<SECTION>__<KEY>, for example KWM_QUOTING__EDGE")
        try:
            parsed: Any = tomllib.loads(f"v = {value}")["v"]
        except tomllib.TOMLDecodeError:
            parsed = value
        field = Settings.model_fields.get(section)
        wanted = field.annotation.model_fields.get(key) if field and field.annotation else None
        is_amount = wanted is not None and any(isinstance(m, BeforeValidator) for m in wanted.metadata)
        if is_amount or (wanted is not None and wanted.annotation is str):
            parsed = value.strip('"')  # an amount stays the text it was: 25.10 must not become a float
        found.setdefault(section, {})[key] = parsed
    return found


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        known = result.get(key)
        result[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


def words_of(error: ValidationError | Malformed) -> str:
    """Which key is wrong, why, and where to read about it."""
    if isinstance(error, Malformed):
        return str(error)
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        why = "is no setting we know" if problem["type"] == "extra_forbidden" else problem["msg"]
        lines.append(f"[{key}] {why}")
    return "settings: " + "; ".join(lines) + " (core/settings.toml explains every key)"


def _check_key(settings: Settings, env: dict[str, str], *, to_trade: bool) -> None:
    exchange, paper = settings.exchange, settings.paper
    if paper.only:
        if to_trade and not (paper.key_id and paper.key_file):
            raise SettingsError(NEEDS_READER)
        return
    if not exchange.key_id or not (exchange.key_file or env.get("KWM_EXCHANGE__KEY_PEM")):
        raise SettingsError(
            f"[exchange] key_id and key_file (or KWM_EXCHANGE__KEY_PEM) are needed in {exchange.environment}"
        )


def _check_consent(settings: Settings, own: dict[str, Any]) -> None:
    """What a person must have said before orders are real."""
    exchange = settings.exchange
    missing = [key for key in RiskSettings.model_fields if key not in own.get("risk", {})]
    if missing:
        raise SettingsError(
            f"[risk] {', '.join(missing)}: in {exchange.environment} set by you, not by default; put them into kwm.toml"
        )
    if exchange.environment != "production":
        return
    if exchange.confirm_production != CONFIRMATION and not settings.paper.only:
        raise SettingsError(f'[exchange] confirm_production must say "{CONFIRMATION}" before production starts')
    if settings.weather.source != "live":
        raise SettingsError('[weather] source must be "live" in production: the embedded weather is invented')
