"""Which station settles which series: its climate product, its coordinates, its standard time.

The 24 cities of Kalshi's daily highs and lows as of October 2026. The traps are all here on purpose: Midway not
O'Hare, Bergstrom not Camp Mabry, Hobby not Intercontinental, the airport in Los Angeles, KXLOWTNYC beside KXHIGHNY,
and Phoenix, which has no daylight time. Coordinates are the stations' own (NWS station metadata, <= 4 decimals as
api.weather.gov wants); `grid` is the forecast grid only where it is known, else it is asked for.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Station:
    """One settlement station."""

    code: str  # ICAO
    city: str
    series_high: str
    series_low: str
    climate_product: str  # CLI + site, the code in parentheses in Kalshi's rules
    office: str  # forecast office (WFO)
    latitude: float
    longitude: float
    standard_offset_hours: int  # local standard time - UTC; defines the climate day
    zone: str  # IANA, for what people read; never for the climate day

    @property
    def site(self) -> str:
        """`NYC` of `CLINYC`: api.weather.gov's location of the product."""
        return self.climate_product[3:]


_S = Station
STATIONS: tuple[Station, ...] = (
    _S("KNYC", "New York", "KXHIGHNY", "KXLOWTNYC", "CLINYC", "OKX", 40.7789, -73.9692, -5, "America/New_York"),
    _S("KMDW", "Chicago", "KXHIGHCHI", "KXLOWTCHI", "CLIMDW", "LOT", 41.7842, -87.7553, -6, "America/Chicago"),
    _S("KMIA", "Miami", "KXHIGHMIA", "KXLOWTMIA", "CLIMIA", "MFL", 25.7906, -80.3164, -5, "America/New_York"),
    _S("KLAX", "Los Angeles", "KXHIGHLAX", "KXLOWTLAX", "CLILAX", "LOX", 33.9382, -118.3866, -8, "America/Los_Angeles"),
    _S("KDEN", "Denver", "KXHIGHDEN", "KXLOWTDEN", "CLIDEN", "BOU", 39.8466, -104.6562, -7, "America/Denver"),
    _S("KAUS", "Austin", "KXHIGHAUS", "KXLOWTAUS", "CLIAUS", "EWX", 30.1831, -97.6799, -6, "America/Chicago"),
    _S("KPHL", "Philadelphia", "KXHIGHPHIL", "KXLOWTPHIL", "CLIPHL", "PHI", 39.8733, -75.2268, -5, "America/New_York"),
    _S("KATL", "Atlanta", "KXHIGHTATL", "KXLOWTATL", "CLIATL", "FFC", 33.6301, -84.4418, -5, "America/New_York"),
    _S("KBOS", "Boston", "KXHIGHTBOS", "KXLOWTBOS", "CLIBOS", "BOX", 42.3606, -71.0097, -5, "America/New_York"),
    _S("KDFW", "Dallas", "KXHIGHTDAL", "KXLOWTDAL", "CLIDFW", "FWD", 32.8974, -97.0220, -6, "America/Chicago"),
    _S("KDCA", "Washington", "KXHIGHTDC", "KXLOWTDC", "CLIDCA", "LWX", 38.8483, -77.0342, -5, "America/New_York"),
    _S("KHOU", "Houston", "KXHIGHTHOU", "KXLOWTHOU", "CLIHOU", "HGX", 29.6375, -95.2824, -6, "America/Chicago"),
    _S("KLAS", "Las Vegas", "KXHIGHTLV", "KXLOWTLV", "CLILAS", "VEF", 36.0719, -115.1634, -8, "America/Los_Angeles"),
    _S("KMSP", "Minneapolis", "KXHIGHTMIN", "KXLOWTMIN", "CLIMSP", "MPX", 44.8831, -93.2289, -6, "America/Chicago"),
    _S("KMSY", "New Orleans", "KXHIGHTNOLA", "KXLOWTNOLA", "CLIMSY", "LIX", 29.9969, -90.2775, -6, "America/Chicago"),
    _S("KOKC", "Oklahoma City", "KXHIGHTOKC", "KXLOWTOKC", "CLIOKC", "OUN", 35.3889, -97.6006, -6, "America/Chicago"),
    _S("KPHX", "Phoenix", "KXHIGHTPHX", "KXLOWTPHX", "CLIPHX", "PSR", 33.4278, -112.0037, -7, "America/Phoenix"),
    _S("KSAT", "San Antonio", "KXHIGHTSATX", "KXLOWTSATX", "CLISAT", "EWX", 29.5328, -98.4636, -6, "America/Chicago"),
    _S("KSEA", "Seattle", "KXHIGHTSEA", "KXLOWTSEA", "CLISEA", "SEW", 47.4447, -122.3144, -8, "America/Los_Angeles"),
    _S("KSFO", "San Francisco", "KXHIGHTSFO", "KXLOWTSFO", "CLISFO", "MTR", 37.6197, -122.3656, -8,
       "America/Los_Angeles"),
    _S("KEWR", "Newark", "KXHIGHTEWR", "KXLOWTEWR", "CLIEWR", "OKX", 40.6827, -74.1693, -5, "America/New_York"),
    _S("KSAN", "San Diego", "KXHIGHTSAN", "KXLOWTSAN", "CLISAN", "SGX", 32.7338, -117.1831, -8, "America/Los_Angeles"),
    _S("KSDF", "Louisville", "KXHIGHTSDF", "KXLOWTSDF", "CLISDF", "LMK", 38.1811, -85.7391, -5,
       "America/Kentucky/Louisville"),
    _S("KTTN", "Trenton", "KXHIGHTTTN", "KXLOWTTTN", "CLITTN", "PHI", 40.2767, -74.8157, -5, "America/New_York"),
)  # fmt: skip

BY_CODE: dict[str, Station] = {s.code: s for s in STATIONS}
BY_SERIES: dict[str, Station] = {series: s for s in STATIONS for series in (s.series_high, s.series_low)}
BY_CLIMATE_PRODUCT: dict[str, Station] = {s.climate_product: s for s in STATIONS}
