"""`kwm up`: starts the others as processes, watches them, starts them again, and says what happened."""
