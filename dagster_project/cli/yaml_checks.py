"""What `list` and `validate` say of the user's YAML files, whatever they are about."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import typer

from dagster_project import user_yaml
from dagster_project.user_yaml import YamlMistake


@dataclass(frozen=True)
class Checked:
    """What is wrong with a file, and what a person should know of it."""

    name: str
    mistakes: Sequence[str] = ()
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Files:
    """The files of one kind: those that can be used, by name, and what is wrong with the others."""

    kind: str
    folders: Sequence[Path]
    found: Mapping[str, Any]
    mistakes: Mapping[str, YamlMistake]

    def tell_mistakes(self) -> None:
        """After the good ones have been shown: the others, on standard error. Exits with 2 when there are any."""
        for mistake in self.mistakes.values():
            typer.echo("\n".join(mistake.sentences), err=True)
        if self.mistakes:
            raise typer.Exit(2)

    def validate(self, names: Sequence[str] | None, warnings: Callable[[Any], list[str]], as_json: bool) -> None:
        """Say of each file (all, when none is named) whether it is good. Exits with 2 when one is not."""
        checked = [self._check(name, warnings) for name in names or sorted({**self.found, **self.mistakes})]
        if as_json:
            typer.echo(json.dumps([asdict(each) for each in checked], indent=2, ensure_ascii=False))
        else:
            for each in checked:
                typer.echo(f"{each.name}: {'wrong' if each.mistakes else 'good'}")
                typer.echo("".join(f"  - {told}\n" for told in (*each.mistakes, *each.warnings)), nl=False)
        if any(each.mistakes for each in checked):
            raise typer.Exit(2)

    def _check(self, name: str, warnings: Callable[[Any], list[str]]) -> Checked:
        if name in self.found:
            return Checked(name, warnings=warnings(self.found[name]))
        try:
            user_yaml.find(name, self.folders, self.kind)
        except YamlMistake as mistake:
            return Checked(name, mistakes=mistake.sentences)
        return Checked(name, mistakes=self.mistakes[name].sentences)
