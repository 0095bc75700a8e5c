"""Which event a person means: its ticker, or words of city, variable and day. Pure."""

from collections.abc import Mapping

from core.errors import KwmError


def one_event(words: str, events: Mapping[str, str], where: str) -> str:
    """The one ticker of `events` (ticker -> what else is said of it) that `words` fit; `where` lists them all.

    Raises: KwmError when none or several fit.
    """
    if words.upper() in events:
        return words.upper()
    wanted = words.lower().split()
    fit = [ticker for ticker, said in events.items() if all(w in f"{ticker} {said}".lower() for w in wanted)]
    if len(fit) == 1:
        return fit[0]
    if not fit:
        raise KwmError(f"no event fits {words!r}: {where} lists them")
    raise KwmError(f"{words!r} fits {len(fit)} events: {', '.join(fit[:8])}{' ...' if len(fit) > 8 else ''}")
