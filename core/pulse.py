"""How long ago did a file last change? By the looker's own monotonic clock, which nobody sets. Pure.

The stamps of files are of the wall clock. After it is set back they lie in the future, and whoever believes them takes
what is dead for alive until the wall has caught up. A stamp is believed where nothing else is known, at the first look,
and later only within the time since the look before.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Pulse:
    """Of one file. `changed_at`: by the looker's monotonic clock, seconds."""

    mark: object = None  # what the file looked like; None before the first look
    changed_at: float = 0.0
    looked_at: float = 0.0

    def age(self, mark: object, stamp_age_s: float, now_s: float) -> float:
        """Seconds since `mark` last changed. `stamp_age_s`: what the file's own stamp says, negative from the future;
        then the file counts as new, and our own count begins."""
        assert mark is not None, "a file that is not there has no age"
        if self.mark is None:
            self.changed_at = now_s - max(0.0, stamp_age_s)
        elif mark != self.mark:
            self.changed_at = max(self.looked_at, now_s - max(0.0, stamp_age_s))
        self.mark, self.looked_at = mark, now_s
        return now_s - self.changed_at
