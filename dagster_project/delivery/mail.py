"""Notices by e-mail: through an SMTP server, or as `.eml` files where none is named.

The message's id is made of the row's idempotency key, so that a mailbox shows one that was sent twice as one.
"""

import json
import smtplib
import ssl
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Outcome, Result

TIMEOUT_SECONDS = 20.0
SUBJECT_CHARACTERS = 150
# What a server says of the message or its recipient, not of its own state: RFC 5321's 5yz.
FINAL = range(500, 600)


class Mail:
    """One mailbox to write to. `server` is smtp://USER:PASSWORD@HOST:PORT (STARTTLS) or smtps://…; None: files."""

    def __init__(self, to: str, sender: str, server: str | None, folder: Path) -> None:
        self.to, self.sender, self.folder = to, sender, folder
        self.server = urlsplit(server) if server else None

    def is_lost(self) -> bool:
        """Never: a mail that was sent cannot be asked for."""
        return False

    def remove(self, natural_keys: Sequence[str]) -> bool:
        """What was said stays said."""
        return False

    def close(self) -> None:
        """Nothing is kept open between messages."""

    def send(self, rows: Sequence[OutboxRow]) -> list[Result]:
        """Send each row as one message."""
        return [self._send(row) for row in rows]

    def message(self, row: OutboxRow) -> EmailMessage:
        """The row as a message in plain text; a line break in the subject would begin a header."""
        said = json.loads(row.payload)
        message = EmailMessage()
        message["Subject"] = " ".join(said["subject"].split())[:SUBJECT_CHARACTERS]
        message["From"], message["To"] = self.sender, self.to
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{row.idempotency_key}@leadhouse.invalid>"
        message.set_content(said["text"])
        return message

    def _send(self, row: OutboxRow) -> Result:
        message = self.message(row)
        if self.server is None:
            self._write(message, row.idempotency_key)
            return Result(Outcome.DELIVERED)
        try:
            with _connected(self.server) as server:
                server.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            return Result(Outcome.AUTH, "the mail server does not take the password", error.smtp_code)
        except smtplib.SMTPResponseException as error:
            outcome = Outcome.BAD_REQUEST if error.smtp_code in FINAL else Outcome.TRANSIENT
            return Result(outcome, f"SMTP {error.smtp_code}", error.smtp_code)
        except smtplib.SMTPRecipientsRefused:
            return Result(Outcome.BAD_REQUEST, "the mail server refuses the recipient")
        except (OSError, smtplib.SMTPException) as error:
            return Result(Outcome.TRANSIENT, f"{type(error).__name__} from the mail server")
        return Result(Outcome.DELIVERED)

    def _write(self, message: EmailMessage, key: str) -> None:
        """A file per message, written aside and renamed; the same message again is the same file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / f".{uuid.uuid4().hex}"
        aside.write_bytes(message.as_bytes())
        aside.replace(self.folder / f"{key[:32]}.eml")


def _connected(server: SplitResult) -> smtplib.SMTP:
    """A session that is encrypted whenever it carries a password."""
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        session = smtplib.SMTP_SSL(server.hostname, server.port or 465, timeout=TIMEOUT_SECONDS, context=context)
    else:
        session = smtplib.SMTP(server.hostname, server.port or 587, timeout=TIMEOUT_SECONDS)
        session.ehlo()
        if session.has_extn("starttls") or server.username:
            session.starttls(context=context)
    if server.username:
        session.login(unquote(server.username), unquote(server.password or ""))
    return session
