"""Bytes of weather services to rows, and the embedded weather world. Only `fetch.py` and `server.py` do I/O."""
