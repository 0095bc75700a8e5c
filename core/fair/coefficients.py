"""Where the model starts before it has learnt: bias and spread by lead and station, from a versioned file. Pure but for
the reading."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.errors import SettingsError
from core.fair import combination
from core.fair.cases import Cases
from core.fair.distribution import Array
from core.fair.past import PRIOR_SD
from core.station_day import Variable

COMMITTED = Path(__file__).with_name("coefficients.toml")


@dataclass(frozen=True, slots=True)
class Prior:
    """Degrees F by lead; `bias` is official minus forecast; `station_sd` multiplies. A lead beyond takes the last."""

    version: str
    bias: Mapping[Variable, tuple[float, ...]]
    sd: Mapping[Variable, tuple[float, ...]]
    station_sd: Mapping[str, float] = field(default_factory=dict)

    def centre(self, cases: Cases) -> Array:
        """What the sources say together, and the usual error of the reference for its share of it."""
        together, share = combination.mean(cases)
        return together + share * _by_lead(self.bias, cases)

    def spread(self, cases: Cases) -> Array:
        """Standard deviations."""
        own = np.array([self.station_sd.get(str(s), 1.0) for s in cases.station], dtype=np.float64)
        return np.asarray(_by_lead(self.sd, cases) * own)


NEUTRAL = Prior(
    "neutral", {v: (0.0,) for v in Variable}, {v: PRIOR_SD for v in Variable}
)  # knows no station: for judging the model on history, which committed numbers may have seen


def _by_lead(table: Mapping[Variable, tuple[float, ...]], cases: Cases) -> Array:
    high, low = np.array(table[Variable.HIGH]), np.array(table[Variable.LOW])
    lead = np.maximum(cases.lead, 0)
    return np.where(cases.low, low[np.minimum(lead, len(low) - 1)], high[np.minimum(lead, len(high) - 1)])


def load(path: Path = COMMITTED) -> Prior:
    """Read and check. Raises: SettingsError naming file and key."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        found = Prior(
            str(raw["version"]),
            {v: tuple(float(x) for x in raw[v.value]["bias"]) for v in Variable},
            {v: tuple(float(x) for x in raw[v.value]["sd"]) for v in Variable},
            {str(k): float(x) for k, x in raw["station_sd"].items()},
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError, TypeError) as error:
        raise SettingsError(f"{path}: {type(error).__name__} {error}") from error
    if any(x <= 0 for table in found.sd.values() for x in table) or any(x <= 0 for x in found.station_sd.values()):
        raise SettingsError(f"{path}: spreads must be above zero")
    return found
