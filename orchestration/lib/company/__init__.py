"""The company folder: sources and agreement, read and checked."""
