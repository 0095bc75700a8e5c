"""The arms of a backtest: the strategy under three fill models, what moves its answer, and who it is compared with.

The naive makers are the same engine with its parts switched off (no skew, no care for releases or its own doubt), so
that they obey the same limits and differ in nothing else. Values for JSON: the quoter reads them, nobody is imported.
"""

from typing import Any

from core.errors import SettingsError

Arm = dict[str, Any]
FEE = 17_500  # 0.0175: the published maker fee of `quadratic_with_maker_fees`
FILLS = ("pessimistic", "base", "optimistic")
MAIN = "base"
_PLAIN = {
    "quoting.skew_edge": "0", "quoting.sd_edge": "0", "quoting.max_gap": "1", "quoting.one_sided_at": "1",
    "quoting.edge": "0.03", "quoting.min_edge": "0.01", "quoting.min_weight": "0",
}  # fmt: skip
SLOW = {"feed_ms": 500.0, "entry_ms": 500.0, "response_ms": 500.0, "publication_ms": 30_000.0}
NONE = {"feed_ms": 5_000.0, "entry_ms": 2_000.0, "response_ms": 2_000.0, "publication_ms": 120_000.0}

WORDS = {
    "pessimistic": "the strategy, filled only where somebody traded at a worse price than ours",
    "base": "the strategy, with a place in the queue",
    "optimistic": "the strategy, filled whenever its price traded",
    "fee": "the strategy, base fills, maker fee 0.0175 (it knows of the fee and quotes wider)",
    "slow": "the strategy, base fills, ten times slower (0.5 s each way, publications half a minute late)",
    "asleep": "the strategy, base fills, seconds late on every wire and two minutes late with fair values",
    "no_skill_too": "the strategy, base fills, also where the model has no weight beside the market",
    "model_only": "the same quoting around the weather model alone",
    "market_only": "the same quoting around the market's own middle: no weather at all",
    "naive_last": "naive: 3 cents either side of the last trade, no skew",
    "naive_fair": "naive: 3 cents either side of the published fair value, no skew",
}


def arm(name: str, fill: str = "base", **other: Any) -> Arm:
    """One arm as a value."""
    return {"name": name, "fill": fill, **other}


def core() -> list[Arm]:
    """The three fill models."""
    return [arm(name, name) for name in FILLS]


def full() -> list[Arm]:
    """Everything the report compares."""
    return [
        *core(),
        arm("fee", maker_fee=FEE),
        arm("slow", latency=SLOW),
        arm("asleep", latency=NONE),
        arm("no_skill_too", settings={"quoting.min_weight": "0"}),
        arm("model_only", belief="model"),
        arm("market_only", belief="market"),
        arm("market_only_pessimistic", "pessimistic", belief="market"),
        arm("market_only_fee", belief="market", maker_fee=FEE),
        arm("naive_last", belief="last", settings=_PLAIN, windows=False),
        arm("naive_fair", settings=_PLAIN, windows=False),
    ]


def named(text: str) -> list[Arm]:
    """`full`, `core`, or the core and these, by name with commas between. Raises: SettingsError."""
    if text == "full":
        return full()
    known = {one["name"]: one for one in full()}
    extra = [name for name in text.split(",") if name != "core" and name]
    unknown = [name for name in extra if name not in known]
    if unknown:
        raise SettingsError(f"--arms {', '.join(unknown)}: there are full, core, {', '.join(known)}")
    return [*core(), *(known[name] for name in extra if name not in FILLS)]
