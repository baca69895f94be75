"""What a person can get wrong with files and mappings, each as an error that says what to do."""

import difflib
from collections.abc import Iterable


class MappingError(ValueError):
    """A mapping file cannot be used; the message names the file and the key at fault."""


class UnknownMapping(MappingError):
    """No mapping has this name; the message lists those that exist."""


class UnknownColumn(MappingError):
    """A mapping names a column that the file does not have; the message suggests the nearest."""


class FileRefused(ValueError):
    """A file cannot be read at all, or is not safe to read; the message says why."""


def nearest(word: str, known: Iterable[str]) -> str:
    """` - did you mean "x"?` for the most similar known word, or an empty string."""
    by_folded = {k.casefold(): k for k in known}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.5)
    return f' - did you mean "{by_folded[matches[0]]}"?' if matches else ""
