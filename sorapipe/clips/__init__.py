"""Floor 1: the bytes of one clip; knows nothing of shots."""
