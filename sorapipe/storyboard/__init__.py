"""Floor 0: from manifest bytes to a `Storyboard`; knows nothing of the lock, the network or money."""
