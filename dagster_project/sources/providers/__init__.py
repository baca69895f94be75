"""One module per provider, each declaring an `ADAPTER`. A module that is put here is found by its name."""

import importlib
import pkgutil
from functools import cache

from dagster_project.sources.adapter import Adapter
from dagster_project.user_yaml import UnknownName, nearest


@cache
def adapters() -> dict[str, Adapter]:
    """Every adapter by name, in order of name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").ADAPTER for name in names}


def adapter(name: str) -> Adapter:
    """The adapter of a name. Raises `UnknownName`, which lists those that exist."""
    known = adapters()
    if name not in known:
        raise UnknownName(f'no provider "{name}"{nearest(name, known)}. Available: {", ".join(known)}.')
    return known[name]
