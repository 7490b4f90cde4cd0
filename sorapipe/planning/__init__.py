"""Floor 1: thinking. Pure: no files, no clock, no network, no terminal."""
