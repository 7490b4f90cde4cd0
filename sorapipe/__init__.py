"""Terraform for AI film shoots: a storyboard in YAML becomes clips."""

__version__ = "0.1.0"
