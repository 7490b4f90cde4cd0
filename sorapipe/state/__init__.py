"""Floor 2: every file that sorapipe touches; knows nothing of what a prompt is."""
