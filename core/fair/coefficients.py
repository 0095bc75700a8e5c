"""The model's numbers: read from a versioned file, checked, handed around as a value. Pure but for the reading."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingsError
from core.station_day import Variable

COMMITTED = Path(__file__).with_name("coefficients.toml")


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Degrees F; `bias` is official minus forecast."""

    version: str
    df: float
    rolling_days: int
    rolling_share: float
    weight_ahead: float
    weight_today: float
    unknown_mean_f: float
    bias: dict[Variable, tuple[float, ...]]
    sd: dict[Variable, tuple[float, ...]]
    station_sd: dict[str, float]

    def bias_of(self, variable: Variable, lead: int) -> float:
        """By lead, the last entry for longer ones."""
        table = self.bias[variable]
        return table[min(max(lead, 0), len(table) - 1)]

    def sd_of(self, station: str, variable: Variable, lead: int) -> float:
        """By lead and station."""
        table = self.sd[variable]
        return table[min(max(lead, 0), len(table) - 1)] * self.station_sd.get(station, 1.0)


def load(path: Path = COMMITTED) -> Coefficients:
    """Read and check. Raises: SettingsError naming file and key."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        found = Coefficients(
            str(raw["version"]), float(raw["df"]), int(raw["rolling_days"]), float(raw["rolling_share"]),
            float(raw["weight_ahead"]), float(raw["weight_today"]), float(raw["unknown_mean_f"]),
            {v: tuple(float(x) for x in raw[v.value]["bias"]) for v in Variable},
            {v: tuple(float(x) for x in raw[v.value]["sd"]) for v in Variable},
            {str(k): float(x) for k, x in raw["station_sd"].items()},
        )  # fmt: skip
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError, TypeError) as error:
        raise SettingsError(f"{path}: {type(error).__name__} {error}") from error
    if any(x <= 0 for table in found.sd.values() for x in table) or not 0 <= found.weight_ahead <= 1:
        raise SettingsError(f"{path}: spreads must be above zero and weights between 0 and 1")
    return found
