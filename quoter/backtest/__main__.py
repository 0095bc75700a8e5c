"""`python -m quoter.backtest JOB.json`: run a job (what `kwm backtest` and `kwm sweep` start). One line a cell."""

import sys
from pathlib import Path

from core.errors import KwmError
from quoter.backtest import job, pool


def main() -> int:
    """0 when every cell is there."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m quoter.backtest JOB.json\n")
        return 2
    try:
        pool.run(job.read(Path(sys.argv[1])), lambda line: print(line, flush=True))  # noqa: T201 - a program's own output
    except KwmError as error:
        sys.stderr.write(f"kwm: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
