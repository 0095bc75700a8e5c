"""What happened on the exchange before: markets, trades and quotes of past days, and what they say about the books."""
