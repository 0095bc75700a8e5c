"""The brain: pure, synchronous, deterministic. It never awaits, reads a clock, draws a number or logs."""
