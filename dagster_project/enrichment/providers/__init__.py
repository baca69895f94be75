"""One module per provider, each declaring a `PROVIDER`. A module that is put here is found by its name."""

import importlib
import pkgutil
from functools import cache

from dagster_project.enrichment.lookup import Provider
from dagster_project.user_yaml import UnknownName, nearest


@cache
def providers() -> dict[str, Provider]:
    """Every enrichment provider by name, in order of name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").PROVIDER for name in names}


def provider(name: str) -> Provider:
    """The provider of a name. Raises `UnknownName`, which lists those that exist."""
    known = providers()
    if name not in known:
        raise UnknownName(f'no enrichment provider "{name}"{nearest(name, known)}. Available: {", ".join(known)}.')
    return known[name]
