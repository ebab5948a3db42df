"""Building blocks that know nothing of Dagster: configuration, lake, mapping, releases."""
