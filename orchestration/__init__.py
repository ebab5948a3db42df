"""Tandem's pipeline: sources, lake, gates, dbt, releases, and the `tandem` command."""
