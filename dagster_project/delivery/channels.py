"""Channels: where notices to people go. Each is configured by settings alone, and sends through the outbox.

A notice is a row whose payload is {"subject", "text"}. Slack takes the text, in the shape that every Slack-compatible
webhook takes; e-mail goes by SMTP, or as a file where no server is named.
"""

from dataclasses import dataclass, field
from typing import Literal

from dagster_project.delivery.outbox import Connect
from dagster_project.delivery.sink import Sink
from dagster_project.delivery.worker import Delivery, Surroundings, deliver
from dagster_project.settings import Settings

Kind = Literal["slack", "email"]
KINDS: tuple[Kind, ...] = ("slack", "email")


@dataclass(frozen=True)
class OneAtATime:
    """What the worker asks of a destination: how many rows go in one call."""

    batch_size: int = 1


@dataclass(frozen=True)
class Channel:
    """A configured channel."""

    kind: Kind
    destination: OneAtATime = field(default_factory=OneAtATime)
    max_attempts: int = 8

    @property
    def name(self) -> str:
        """Its key in the outbox; no sync can be called so."""
        return outbox_key(self.kind)


def outbox_key(kind: Kind) -> str:
    """What a channel of a kind is called in the outbox."""
    return f"notices.{kind}"


def channels(conf: Settings) -> list[Channel]:
    """The channels that the settings configure."""
    configured = {"slack": conf.slack_url, "email": conf.notice_email}
    return [Channel(kind) for kind in KINDS if configured[kind]]


def open_channel(channel: Channel, org_id: str, conf: Settings) -> Sink:
    """The channel, ready to send. Raises `UrlRefused` for a URL that must not be posted to."""
    if channel.kind == "slack":
        from dagster_project.delivery.slack import Slack

        allowed = [host.strip() for host in conf.webhook_allow_hosts.split(",") if host.strip()]
        return Slack(conf.slack_url.get_secret_value(), allow_hosts=allowed)
    from dagster_project.delivery.mail import Mail

    server = conf.smtp_url.get_secret_value() if conf.smtp_url else None
    return Mail(conf.notice_email, conf.notice_sender, server, conf.data_dir / "exports" / org_id / "mail")


def send(
    connect: Connect, org_id: str, channel: Channel, sink: Sink, surroundings: Surroundings | None = None
) -> Delivery:
    """Send what is due on a channel."""
    return deliver(connect, org_id, channel, sink, surroundings)
