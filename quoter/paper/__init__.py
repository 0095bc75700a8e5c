"""Paper: live books, imagined orders, the same engine and shell; no key that could trade."""
