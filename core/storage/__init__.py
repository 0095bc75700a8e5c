"""Files: written once, atomically; read by anybody at any time."""
