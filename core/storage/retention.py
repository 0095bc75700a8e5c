"""What may go when a person says so: old raw bodies, and journal days that the lake has loaded whole.

By default everything is kept for ever. The lake itself is never touched here.
"""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path


def old_days(folder: Path, today: date, keep_days: int) -> list[Path]:
    """`date=...` folders older than `keep_days`; none when that is 0."""
    if keep_days <= 0:
        return []
    border = (today - timedelta(days=keep_days)).isoformat()
    return sorted(p for p in folder.glob("date=????-??-??") if p.name.removeprefix("date=") < border)


def tidy(
    data: Path, today: date, keep_raw_days: int, keep_journal_days: int, loaded: Callable[[Path], bool]
) -> list[str]:
    """Delete what may go; `loaded` says whether the lake has all of a journal file. The deleted days."""
    gone = []
    for day in old_days(data / "raw", today, keep_raw_days):
        shutil.rmtree(day)
        gone.append(f"raw/{day.name}")
    for day in old_days(data / "journal", today, keep_journal_days):
        files = [p for p in day.iterdir() if p.is_file()]
        if all(loaded(p) for p in files):
            shutil.rmtree(day)
            gone.append(f"journal/{day.name}")
    return gone
