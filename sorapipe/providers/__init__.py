"""Floor 3: the providers' HTTP; knows nothing of the graph, the lock or the storyboard."""
