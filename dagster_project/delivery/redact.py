"""Takes personal data out of what destinations answer, before it becomes a reason in the ledger or a log line."""

import re

EMAIL = re.compile(r"[^\s\"'<>(),;:=]+@[^\s\"'<>(),;:]+")
# Seven or more digits, however they are grouped: long enough for a phone, short enough to spare codes and counts.
PHONE = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){6,}")
LIMIT = 200


def redact(text: str) -> str:
    """One line of at most `LIMIT` characters, with e-mail addresses and phone numbers replaced."""
    line = " ".join(text.split())
    clean = PHONE.sub("[number]", EMAIL.sub("[e-mail]", line))
    return clean if len(clean) <= LIMIT else clean[: LIMIT - 1] + "…"
