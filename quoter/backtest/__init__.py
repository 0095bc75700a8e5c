"""The engine against the past: the same `step`, fed from recorded trades, quotes or a tape, on virtual time."""
