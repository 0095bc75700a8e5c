"""Rows to probabilities. All pure; every function cites its equation."""
