"""Dagster's side of the pipeline, a folder per phase."""
