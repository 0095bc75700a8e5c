"""The tape: what the exchange said, byte for byte, with the moment at which we heard it."""
