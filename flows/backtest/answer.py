"""The answer in plain words, from the figures: it says what the intervals allow, and nothing more. Pure."""

from collections.abc import Mapping, Sequence

from flows.backtest.statistics import Band
from flows.backtest.summary import ArmLine, Line

CANNOT_KNOW = (
    "Our orders move nobody here: in truth others step in front of them, trade less against them, or answer them.",
    "Where no book was recorded, best prices are what trades imply: the far side of the spread, the size of "
    "a level and "
    "who went away untraded are estimates fitted from earlier prints, so the base model's queue is one too.",
    "A fill at our price is inferred from a print at it; whether our order would have been first nobody can say. The "
    "pessimistic and the optimistic model bound it, they do not bound what our presence changes.",
    "Limits that bind across events (city, total, daily loss, drawdown) are not simulated: every event has "
    "its own engine. Whether those of city and account would have bound is added up afterwards; what would have been "
    "quoted instead is not.",
    "The past is one sample of weather and of traders: intervals come from resampling its own days.",
    "Liquidity rewards, latency spikes, outages of ours and changes of fees or rules are not in it.",
)


def plain(arms: Mapping[str, ArmLine], cities: Sequence[Line], leads: Sequence[Line], where: str) -> str:
    """A few sentences."""
    base, low, high = arms["base"], arms["pessimistic"], arms["optimistic"]
    if not base.fills:
        return f"On {where} the strategy never traded: it was quoted in {base.quoted_events} of {base.events} events."
    found = [verdict(low, base, high, where)]
    between = "" if not base.pnl.known else f" ({base.cents[1]:+.2f} to {base.cents[2]:+.2f})"
    found.append(
        f"Per contract that is {base.cents[0]:+.2f} ¢{between} on "
        f"{base.contracts:,.0f} contracts in {base.quoted_events} of {base.events} events; it was quoting "
        f"{base.quoted:.0%} of the time in which it had a market to watch."
    )
    found.append(why(base))
    parts = [place(line) for line in cities if line.contracts]
    if parts:
        found.append("Where: " + "; ".join(parts) + ".")
    times = [place(line) for line in leads if line.contracts]
    if times:
        found.append("When: " + "; ".join(times) + ".")
    if "fee" in arms:
        found.append(
            f"At a maker fee of 0.0175 the same strategy, which then quotes wider, makes "
            f"{money(arms['fee'].pnl)} and pays "
            f"{arms['fee'].fees:,.0f} $ of fees."
        )
    found += compared(arms)
    return "\n".join(found)


def verdict(low: ArmLine, base: ArmLine, high: ArmLine, where: str) -> str:
    """Yes, no, or not to be told from chance."""
    signs = {low.pnl.sign, base.pnl.sign, high.pnl.sign}
    how = f"95 % intervals, {base.pnl.days} days in blocks" if base.pnl.known else "no intervals"
    three = (
        f"{money(low.pnl)} filled pessimistically, {money(base.pnl)} with a place in the queue, {money(high.pnl)} "
        f"optimistically ({how})"
    )
    if signs == {1}:
        head = f"Yes: on {where} this maker makes money under all three fill models"
    elif signs == {-1}:
        head = f"No: on {where} this maker loses money under all three fill models"
    elif max(signs) <= 0 and base.pnl.sign == -1:
        head = f"It does not make money on {where}"
    elif base.pnl.sign == 1:
        head = f"Perhaps: on {where} this maker makes money in the base model, but not under every fill model"
    else:
        head = f"Not to be told from chance: on {where} this maker's result cannot be told from zero"
    few = f" {base.pnl.days} days are too few to say more." if not base.pnl.known else ""
    return f"{head}: {three}.{few}"


def why(base: ArmLine) -> str:
    """Spread taken in, and what the market did to it afterwards."""
    settle, soon = base.markouts["settle"], base.markouts["5min"]
    moved = settle - base.spread
    way = "our way" if moved > 0 else "against us"
    found = (
        f"Why: by the middle of the book a filled contract is worth {base.spread:+.2f} ¢ to us at the fill, "
        f"{soon:+.2f} ¢ "
        f"five minutes later and {settle:+.2f} ¢ at settlement: after the fill it moved {abs(moved):.2f} ¢ {way}."
    )
    if base.spread < 0:
        found += (
            " No spread is earned: it quotes around its own fair value and is met where that is on the "
            "wrong side of the "
            "market's middle; what it earns or loses is that disagreement, carried to the result."
        )
    elif moved < 0:
        found += " The spread is earned, and part of it lost to those who knew more."
    return found


def compared(arms: Mapping[str, ArmLine]) -> list[str]:
    """Which part earns it, and whom it beats."""
    found = []
    if "market_only" in arms:
        line = arms["market_only"]
        also = (
            f", pessimistically {money(arms['market_only_pessimistic'].pnl)}"
            if "market_only_pessimistic" in arms
            else ""
        )
        fee = f"; at the fee of 0.0175 {money(arms['market_only_fee'].pnl)}" if "market_only_fee" in arms else ""
        found.append(f"Without any weather, around the market's own middle, the same quoting makes "
                     f"{money(line.pnl)}{also}{fee}"
                     f" ({line.contracts:,.0f} contracts).")  # fmt: skip
    if "model_only" in arms:
        found.append(f"Around the weather model alone it makes {money(arms['model_only'].pnl)}.")
    makers = (("naive_last", "3 ¢ around the last trade"), ("naive_fair", "3 ¢ around fair"))
    naive = [f"{words} {money(arms[name].pnl)}" for name, words in makers if name in arms]
    if naive:
        found.append("Naive makers with the same limits: " + ", ".join(naive) + "; doing nothing: 0 $.")
    delays = (("slow", "0.5 s away"), ("asleep", "seconds away"))
    slow = [f"{words} {money(arms[name].pnl)}" for name, words in delays if name in arms]
    if slow:
        found.append("Latency: " + ", ".join(slow) + ".")
    return found


def place(line: Line) -> str:
    """One group in a few words."""
    return f"{line.name} {money(line.pnl)}, {line.cents[0]:+.2f} ¢ a contract"


def money(found: Band) -> str:
    """`+12 $ (−3 to +27)`."""
    return f"{found.total:+,.0f} $ ({found.interval})"
