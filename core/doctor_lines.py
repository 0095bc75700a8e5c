"""What the doctor says: a line of a verdict, words and a remedy. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Ok, worth a look, or in the way."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. `remedy` is empty only where all is well."""

    name: str
    verdict: Verdict
    words: str
    remedy: str = ""


def ok(name: str, words: str) -> Line:
    """All is well."""
    return Line(name, Verdict.OK, words)


def warn(name: str, words: str, remedy: str) -> Line:
    """Works, but look."""
    return Line(name, Verdict.WARN, words, remedy)


def fail(name: str, words: str, remedy: str) -> Line:
    """Will not work."""
    return Line(name, Verdict.FAIL, words, remedy)


def exit_code(lines: list[Line]) -> int:
    """0 unless something fails."""
    return int(any(line.verdict is Verdict.FAIL for line in lines))


def shown(lines: list[Line]) -> str:
    """For a terminal: verdict, name, words; the remedy on a line of its own."""
    width = max((len(line.name) for line in lines), default=0)
    rows = []
    for line in lines:
        rows.append(f"{line.verdict.value:<5} {line.name:<{width}}  {line.words}")
        if line.remedy:
            rows.append(f"{'':<5} {'':<{width}}  -> {line.remedy}")
    counts = ", ".join(f"{sum(x.verdict is v for x in lines)} {v.value}" for v in Verdict)
    return "\n".join([*rows, counts])
