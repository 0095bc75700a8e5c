"""Around a backtest: what would have been published before it, and what its results say after it."""
