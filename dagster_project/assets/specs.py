"""From a contract to what Dagster shows of its table: description, grain, columns and their meaning."""

from collections.abc import Iterable

import dagster as dg

from dagster_project.contracts import Table

# First part of the keys of the assets that ask providers.
PROVIDED = "sources"


def contract_spec(
    table: Table,
    store: str,
    *,
    group: str,
    kinds: set[str],
    owner: str,
    deps: Iterable[Table | dg.AssetKey | dg.AssetDep] = (),
) -> dg.AssetSpec:
    """The asset of a contract table in a store (`lake` or `warehouse`); `deps` that are tables live in the lake."""
    return dg.AssetSpec(
        [store, table.name],
        deps=[dg.AssetKey(["lake", dep.name]) if isinstance(dep, Table) else dep for dep in deps],
        description=f"{table.description} One row per {table.grain}.",
        group_name=group,
        kinds=kinds,
        owners=[owner],
        metadata={"dagster/column_schema": column_schema(table), "key": ", ".join(table.key)},
    )


def provider_key(provider: str) -> dg.AssetKey:
    """The asset of what campaigns ask a provider."""
    return dg.AssetKey([PROVIDED, provider])


def column_schema(table: Table) -> dg.TableSchema:
    """The contract's columns as Dagster's column view shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type.value,
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=not column.required and column.name not in table.key),
                tags={"pii": column.pii.value},
            )
            for column in table.columns
        ]
    )
