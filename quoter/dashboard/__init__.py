"""What a person sees of the engine, and the few things a person may tell it."""
