"""Erasing a person: which rows are theirs, what replaces them, and how it is remembered."""
