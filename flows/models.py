"""Where fitted models lie: `data/models/fit-<instant>.json`, newest last; the committed numbers where there is none."""

from pathlib import Path

from core.errors import Malformed
from core.fair import coefficients, stored
from core.fair.assemble import Pricer
from core.fair.past import Error
from core.storage.files import write_whole
from core.units import Instant

_KEPT = 60


def newest(data: Path) -> tuple[Pricer, str]:
    """The pricer in force, and why it is not the newest file's ("" when it is, or when nothing was fitted yet)."""
    why = ""
    for path in reversed(sorted((data / "models").glob("fit-*.json"))):
        try:
            return stored.decode(path.read_bytes()), why
        except Malformed as error:  # a file of an older version, or damaged: the one before may do
            why = why or f"{path.name} is not usable: {error}"
    return stored.unfitted(coefficients.load()), why


def keep(data: Path, at: Instant, pricer: Pricer, errors: list[Error]) -> Path:
    """Write one, whole; the oldest beyond `_KEPT` go."""
    path = data / "models" / f"fit-{at:020d}.json"
    write_whole(path, stored.encode(pricer, errors))
    for old in sorted(path.parent.glob("fit-*.json"))[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path
