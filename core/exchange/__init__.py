"""Kalshi, and a Kalshi without a network."""
