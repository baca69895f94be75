"""What a person can get wrong with files and mappings, each as an error that says what to do."""

from dagster_project.user_yaml import YamlMistake


class UnknownColumn(YamlMistake):
    """A mapping names a column that the file does not have; the message suggests the nearest."""


class FileRefused(ValueError):
    """A file cannot be read at all, or is not safe to read; the message says why."""
