"""Profiles on social networks: a URL of the network, whether the source gave a URL, a path or a bare handle."""

import polars as pl

from dagster_project.normalize.tables import socials
from dagster_project.normalize.text import one_of

HANDLE = r"^@?([\p{L}\p{N}_][\p{L}\p{N}_.\-]*)$"


def read(profiles: pl.Series, network: str) -> pl.Series:
    """URLs of `network` (linkedin, twitter, facebook, instagram), without query; null for anything else."""
    texts = profiles.str.strip_chars()
    prefix = socials()[network]["prefix"]
    path = texts.str.extract(_on_network(network))
    handle = texts.str.extract(HANDLE)
    root = "/".join(prefix.split("/")[:3]) + "/"
    frame = pl.DataFrame({"path": path.str.strip_chars("/"), "handle": handle})
    has_host = texts.str.contains(_on_network(network))
    return frame.select(
        pl.when(has_host & (pl.col("path") != ""))
        .then(root + pl.col("path"))
        .when(~has_host)
        .then(prefix + pl.col("handle"))
        .alias(profiles.name)
    ).to_series()


def _on_network(network: str) -> str:
    hosts = one_of(socials()[network]["hosts"])
    return rf"(?i)^(?:https?:?/+)?(?:[a-z0-9-]+\.)*{hosts}(/profile\.php\?id=\d+|/[^?#\s]*)?(?:[?#&]\S*)?$"
