"""YAML that people write (mappings, syncs …): found by name, read strictly, and each mistake told in a sentence.

One file is one thing, and its stem is the thing's name. Every model of such a file derives from `Strict`.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

SUFFIXES = (".yaml", ".yml")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


class YamlMistake(ValueError):
    """A file cannot be used; the message names the file, the key at fault and the nearest valid word.

    `sentences` are its mistakes one by one.
    """

    def __init__(self, *sentences: str) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


class UnknownName(YamlMistake):
    """No file has this name; the message lists those that exist."""


class Strict(BaseModel):
    """A model in which an unknown key is an error. Values stay out of errors: a constant may be personal data."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Model = TypeVar("Model", bound=Strict)


def available(folders: Iterable[Path]) -> dict[str, Path]:
    """Name to file of everything in the folders, by name; a file in an earlier folder wins over its namesake."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find(name: str, folders: Sequence[Path], what: str) -> Path:
    """The file of a name. Raises `UnknownName`, which says `what` was looked for and what there is."""
    files = available(folders)
    if name not in files:
        raise UnknownName(f'no {what} "{name}"{nearest(name, files)}. Available: {", ".join(files) or "none"}.')
    return files[name]


def load(model: type[Model], path: Path) -> Model:
    """The model in a file. Raises `YamlMistake`."""
    return parse(model, read(path), path.stem, path.name)


def read(path: Path) -> object:
    """What a file's YAML says, before any model has seen it. Raises `YamlMistake`."""
    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise YamlMistake(f"cannot read {path.name}: {reason}") from error
    except yaml.YAMLError as error:
        raise YamlMistake(f"{path.name} is not valid YAML: {error}") from error


def parse(model: type[Model], content: object, name: str, file: str) -> Model:
    """A model from parsed YAML. Raises `YamlMistake` naming `file` and every key at fault."""
    if not NAME.fullmatch(name):
        raise YamlMistake(f'{file}: "{name}" is no name; use letters, digits, _ and -')
    if not isinstance(content, dict):
        raise YamlMistake(f"{file}: expected keys and values, such as description: …")
    if "name" in content:
        raise YamlMistake(f'{file}: the name is the file\'s; remove the key "name"')
    try:
        return model.model_validate({**content, "name": name})
    except ValidationError as error:
        first, *others = (_sentence(model, e) for e in error.errors())
        raise YamlMistake(f"{file}: {first}", *others) from None


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)` for the most similar known word, or an empty string."""
    by_folded = {k.casefold(): k for k in known}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.5)
    return f' (did you mean "{by_folded[matches[0]]}"?)' if matches else ""


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key written twice is an error; plain YAML silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [k.value for k, _ in node.value]
        if twice := {k for k in keys if keys.count(k) > 1}:
            raise yaml.constructor.ConstructorError(
                None, None, f"written twice: {', '.join(sorted(twice))}", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _sentence(model: type[Strict], error: Any) -> str:
    """One of pydantic's errors as people would say it, with the key's place."""
    place = ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "extra_forbidden":
            keys = [key for key in _model_at(model, error["loc"][:-1]).model_fields if key != "name"]
            return f'unknown key "{place}"{nearest(str(error["loc"][-1]), keys)}. Known: {", ".join(keys)}'
        case "missing":
            return f'missing key "{place}"'
        case "string_type":
            return f'"{place}" must be text; put it in quotes'
        case "value_error":
            return f"{place}: {error['ctx']['error']}" if place else str(error["ctx"]["error"])
        case _:
            return f'"{place}": {error["msg"]}'


def _model_at(model: type[Strict], place: Sequence[str | int]) -> type[Strict]:
    """The model of the part of a file at which an error's place points: through fields, lists and tagged unions."""
    choices = [model]
    for part in place:
        fields = [found.model_fields[part] for found in choices if part in found.model_fields]
        tagged = [c for c in choices if any(part in get_args(f.annotation) for f in c.model_fields.values())]
        choices = [m for f in fields for m in _models_in(f.annotation)] or tagged or choices
    return choices[0]


def _models_in(annotation: Any) -> Iterator[type[Strict]]:
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
