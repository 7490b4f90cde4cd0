"""Floor 4: carries a plan out; knows nothing of terminals, nor which provider it is."""
