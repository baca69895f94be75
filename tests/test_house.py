"""The house's own rules: floors, pure rooms, definitions that need no environment."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.settings import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "dagster_project"
PURE = ("contracts", "transport", "sources", "enrichment", "normalize", "resolution", "scoring", "delivery", "response")
# Highest floor first; a module may import its own room and the floors below. Rooms on one line are neighbours.
FLOORS = (
    ("cli",),
    ("definitions",),
    ("sandbox",),
    ("automation",),
    ("checks",),
    ("assets",),
    ("resources",),
    ("sources", "enrichment", "normalize", "resolution", "scoring", "delivery", "response"),
    ("transport",),
    ("contracts",),
    (
        "settings",
        "user_yaml",
    ),
)


def imports(file: Path) -> set[str]:
    """Dotted names of every module a file imports, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(module: str) -> str:
    return module.split(".")[1]


MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or p.stem != "__init__")


@pytest.mark.parametrize("name", PURE)
def test_a_pure_room_never_imports_dagster(name: str):
    guilty = [
        str(file.relative_to(PACKAGE))
        for file in (PACKAGE / name).rglob("*.py")
        if any(
            module.split(".")[0].startswith("dagster") and not module.startswith("dagster_project")
            for module in imports(file)
        )
    ]
    assert guilty == []


def test_imports_only_go_down_the_floors():
    floor = {name: height for height, names in enumerate(FLOORS) for name in names}
    upwards = []
    for file in MODULES:
        here = file.relative_to(PACKAGE).with_suffix("").parts[0]
        if here == "migrations":  # run by Alembic, imported by nobody
            continue
        for module in imports(file):
            elsewhere = module.startswith("dagster_project.") and room(module) != here
            if elsewhere and floor[room(module)] <= floor[here]:
                upwards.append(f"{file.relative_to(PACKAGE)} imports {module}")
    assert upwards == []


def test_the_definitions_load_with_an_empty_environment(tmp_path: Path):
    code = (
        "import dagster as dg; from dagster_project.definitions import defs;"
        "dg.Definitions.validate_loadable(defs); print(len(list(defs.resolve_all_job_defs())))"
    )
    environment = {"HOME": str(tmp_path), "PATH": os.defpath}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-spark.lock"])
def test_a_lock_names_no_download_address(name: str):
    text = (PROJECT_ROOT / name).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert all("--hash=sha256:" in block for block in text.replace("\\\n", " ").splitlines() if "==" in block)
