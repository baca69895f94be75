"""Writes the first version of an adapter: a module and a fixture that the contract suite accepts as they are.

The templates are `templates/KIND.py.tmpl` and `templates/KIND.json.tmpl`: a JSON API as most are, with numbered pages
and the key in a header.
"""

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.providers import adapters

MODULES = Path("dagster_project/sources/providers")
FIXTURES = Path("tests/adapters/fixtures")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class NotWritten(ValueError):
    """Nothing was written, for the reason in the message."""


def write_adapter(name: str, kind: str, project: Path = PROJECT_ROOT) -> list[Path]:
    """Write the module and the fixture of a new adapter; returns their paths. Raises `NotWritten`, also rather than
    writing over a file.
    """
    check_name(name)
    targets = {project / MODULES / f"{name}.py": "py", project / FIXTURES / f"{name}.json": "json"}
    for path in targets:
        if not path.parent.is_dir():
            raise NotWritten(f"{path.parent} is not there: adapters are written in a checkout of the project")
        if path.exists():
            raise NotWritten(f"{path} is there already")
    for path, suffix in targets.items():
        with path.open("x", encoding="utf-8") as file:
            file.write(rendered(name, f"{kind}.{suffix}"))
    return list(targets)


def check_name(name: str) -> None:
    """Raises `NotWritten` for a name that is taken, or that cannot be a module's and a variable's."""
    if name in adapters():
        raise NotWritten(f"there is an adapter {name} already")
    if not NAME.fullmatch(name) or len(name) > 40 or keyword.iskeyword(name):
        raise NotWritten(f'"{name}" cannot name an adapter; use lower-case letters, digits and _, such as acme_places')


def rendered(name: str, template: str) -> str:
    """A template with the provider's name put in."""
    text = files("dagster_project.cli").joinpath("templates", f"{template}.tmpl").read_text(encoding="utf-8")
    title = name.replace("_", " ").title()
    return Template(text).substitute(name=name, title=title, host=name.replace("_", "-"))
