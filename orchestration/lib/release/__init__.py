"""Releases: what passed gate 2, published."""
