"""Asset keys of the lake."""

from __future__ import annotations

import dagster as dg

AGREEMENT_KEY = dg.AssetKey(["lake", "agreement"])


def table_key(source: str, table: str) -> dg.AssetKey:
    """The key of one source table's loads."""
    return dg.AssetKey(["lake", f"{source}__{table}"])
