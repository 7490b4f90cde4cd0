"""A provider in a box with books of its own; imports nothing of the client."""
