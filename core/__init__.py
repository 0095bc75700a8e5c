"""The shared domain: what a temperature bracket is, what it pays, and what we may know and say about it."""
