"""Floor 6: what a person sees; knows nothing of how anything runs."""
