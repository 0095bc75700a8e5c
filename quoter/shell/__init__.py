"""The hands: they carry events in and actions out, and decide nothing."""
