"""The streaming process: one engine, several shells."""
