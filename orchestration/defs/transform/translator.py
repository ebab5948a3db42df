"""How dbt's models appear in Dagster: keys, groups, owners, and what feeds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from expectations.registry import owner_of
from orchestration.defs.sources.keys import AGREEMENT_KEY, table_key
from orchestration.lib.company.folder import Company
from orchestration.lib.errors import TandemError

MARTS = "marts"


class TandemTranslator(DagsterDbtTranslator):
    """A model is `[schema, name]`; a dbt source becomes the assets that write it.

    `lake.<entity>` is written by any number of source tables, or by none; `agreement.<table>` by
    the agreement's asset; `manifest.loads` by all of them. No dbt source is an asset itself.
    """

    def __init__(self, company: Company) -> None:
        # Gate 2 is Great Expectations' part; dbt's own tests run in the test suite.
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=False))
        self._feeds: dict[str, list[dg.AssetKey]] = {}
        for source in company.sources:
            for table_name, table in source.tables.items():
                for mapping in table.entities:
                    keys = self._feeds.setdefault(mapping.entity, [])
                    keys.append(table_key(source.source, table_name))
        self._tables = [
            AGREEMENT_KEY,
            *(
                table_key(source.source, name)
                for source in company.sources
                for name in source.tables
            ),
        ]

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        # models/<layer>/<domain>/…: the layer and domain of the file are the group. In a layer
        # without folders the names say the domain: metrics/sla_… are metrics_sla.
        *folders, name = dbt_resource_props["fqn"][1:]
        domain = folders[1:] or name.split("_")[:1]
        return "_".join(dict.fromkeys([*folders[:1], *domain]))

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        # The parent appends the model's SQL, which hides the sentence that says what it is.
        return str(dbt_resource_props["description"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        name = dbt_resource_props["name"]
        if dbt_resource_props["schema"] != MARTS:
            return ["team:data"]
        try:
            return [f"team:{owner_of(name)}"]
        except KeyError:
            # Without one it would be published unchecked.
            raise TandemError(
                f"Mart {name} has no suite: add one in expectations/suites."
            ) from None

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        # Asked again for a spec that it remembers, the parent returns what is replaced below.
        deps = [feed for dep in spec.deps for feed in self._resolved(dep)]
        return spec.replace_attributes(deps=deps)

    def _resolved(self, dep: dg.AssetDep) -> list[dg.AssetDep]:
        layer, name = dep.asset_key.path[0], dep.asset_key.path[-1]
        writers = {
            "lake": self._feeds.get(name, []),
            "agreement": [AGREEMENT_KEY],
            "manifest": self._tables,
        }
        return [dg.AssetDep(key) for key in writers.get(layer, [dep.asset_key])]
