"""Record ids: who a provider's object is, for ever.

`record_id` = uuid5(NAMESPACE, org ␟ provider ␟ provider key). What the key is, is said by the source (a mapping, an
adapter), not here.
"""

import hashlib
import uuid
from collections.abc import Iterable

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:leadhouse:record")
"""Namespace of every record id. Changing it changes every id of every installation."""

SEPARATOR = "\x1f"
"""ASCII unit separator: stands between the parts of a hashed identity, because no real key contains it."""

_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def record_ids(org_id: str, providers: Iterable[str], keys: Iterable[str]) -> list[str]:
    """Ids of many records of one tenant, `providers` and `keys` paired in order.

    The same as `uuid.uuid5` for each, at a fifth of its time: about a microsecond per id.
    """
    sha1, seed = hashlib.sha1, NAMESPACE.bytes + f"{org_id}{SEPARATOR}".encode()
    variant = _VARIANT
    ids = []
    for provider, key in zip(providers, keys, strict=True):
        h = sha1(seed + f"{provider}{SEPARATOR}{key}".encode(), usedforsecurity=False).hexdigest()
        ids.append(f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{variant[h[16]]}{h[17:20]}-{h[20:32]}")
    return ids
