"""Campaigns against the promises: the same code that the default suite calls with small numbers."""
