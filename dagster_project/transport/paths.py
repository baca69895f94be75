"""Paths into a payload: `location.city`, `categories[].title`, `emails[0].value`.

`a.b` steps into objects, `[]` takes every element of a list, `[0]` one of them; `.` is the record itself. What is not
there is None, whatever stands in its way: payloads differ from their documentation.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

EVERY = object()
STEP = re.compile(r"([^.\[\]]+)|\[(\d*)\]")


class Path:
    """A parsed path, with the function that is applied to what it finds."""

    def __init__(self, spec: str | tuple[str, Callable[[Any], Any]]) -> None:
        self.text, self.function = (spec, None) if isinstance(spec, str) else spec
        self.steps = steps(self.text)
        # 161 of 173 paths are names alone: going down those without a look at each step saves a fifth of `canonical`
        self.is_plain = all(isinstance(step, str) for step in self.steps)

    def value(self, record: Any) -> Any:
        """What stands there; a path with `[]` gives the list of what is found, nulls left out."""
        found = record
        if self.is_plain:
            for name in self.steps:
                if not isinstance(found, dict):
                    return None
                found = found.get(name)
        else:
            found = _walk(record, self.steps)
        if found is None or found == []:
            return None
        return self.function(found) if self.function else found


def steps(text: str) -> tuple[Any, ...]:
    """The parsed steps of a path. Raises ValueError for one that cannot be read."""
    if text == ".":
        return ()
    if re.sub(STEP, "", text).replace(".", ""):
        raise ValueError(f'"{text}" is no path; write such as a.b, a[].b or a[0].b')
    return tuple(name if name else EVERY if index == "" else int(index) for name, index in STEP.findall(text))


def leaves(value: Any, prefix: str = "") -> Iterator[str]:
    """Paths of every filled leaf of a payload, list positions as `[]`; each may come more than once."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{prefix}.{key}" if prefix else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{prefix}[]")
    elif value is not None and value != "":
        yield prefix


def covers(path: str, leaf: str) -> bool:
    """Whether a leaf lies at or below a path, whichever list position either names."""
    path, leaf = (re.sub(r"\[\d*\]", "[]", text) for text in (path, leaf))
    return path == "." or leaf == path or leaf.startswith((f"{path}.", f"{path}["))


def without(record: Any, paths: tuple[tuple[Any, ...], ...]) -> Any:
    """The record without what stands at the paths (parsed), copied only where something is taken out."""
    heads: dict[Any, list[tuple[Any, ...]]] = {}
    for path in paths:
        if path:
            heads.setdefault(path[0], []).append(path[1:])
    if not heads:
        return record
    if isinstance(record, dict):
        return {
            key: without(value, tuple(heads[key])) if key in heads else value
            for key, value in record.items()
            if () not in heads.get(key, [])
        }
    if isinstance(record, list) and EVERY in heads:
        return [without(value, tuple(heads[EVERY])) for value in record]
    return record


def _walk(value: Any, remaining: tuple[Any, ...]) -> Any:
    for position, step in enumerate(remaining):
        if step is EVERY:
            if not isinstance(value, list):
                return None
            found = (_walk(inner, remaining[position + 1 :]) for inner in value)
            return [inner for inner in found if inner is not None]
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return None
    return value
