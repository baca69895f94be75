"""Notices: what goes to Slack and into a mailbox, once, and what neither may let slip."""

import email
import json
import uuid
from pathlib import Path

import httpx
import pytest

from dagster_project.delivery.channels import Channel, channels, send
from dagster_project.delivery.guard import UrlRefused
from dagster_project.delivery.mail import Mail
from dagster_project.delivery.notices import Notice, at_least, due, queue
from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Outcome
from dagster_project.delivery.slack import Slack
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from tests.delivery.conftest import ORG, World

URL = "https://127.0.0.1:8443/services/T0KEN"


def notice(text: str, subject: str = "HIGH: Demo request") -> OutboxRow:
    payload = json.dumps({"subject": subject, "text": text})
    return OutboxRow(uuid.uuid4(), "alert:1", 1, "k" * 64, payload, 0)


def slack(answer: int, requests: list[httpx.Request]) -> Slack:
    def answered(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(answer, text="ok")

    return Slack(URL, allow_hosts=["127.0.0.1"], transport=httpx.MockTransport(answered))


def test_slack_gets_the_text_and_no_markup_of_a_companys_name():
    requests: list[httpx.Request] = []
    (result,) = slack(200, requests).send([notice("Demo request: <!channel> & Sons")])
    assert result.outcome is Outcome.DELIVERED
    assert json.loads(requests[0].content) == {"text": "Demo request: &lt;!channel&gt; &amp; Sons"}


@pytest.mark.parametrize(
    ("status", "outcome"), [(429, Outcome.RATE_LIMITED), (500, Outcome.TRANSIENT), (404, Outcome.GONE)]
)
def test_an_answer_of_slacks_has_its_class(status: int, outcome: Outcome):
    (result,) = slack(status, []).send([notice("x")])
    assert result.outcome is outcome
    assert "T0KEN" not in str(result.reason)


def test_a_slack_url_inside_is_refused():
    with pytest.raises(UrlRefused, match="not a public address"):
        Slack(URL)


def test_a_mail_is_a_file_where_no_server_is_named_and_the_same_mail_the_same_file(tmp_path: Path):
    mail = Mail("sales@us.example", "leadhouse@us.example", None, tmp_path)
    for _ in range(2):
        mail.send([notice("Call Acme.", subject="HIGH: Demo\r\nBcc: all@us.example")])
    (file,) = tmp_path.iterdir()
    message = email.message_from_bytes(file.read_bytes())
    assert (message["To"], message["Bcc"]) == ("sales@us.example", None)
    assert message["Subject"] == "HIGH: Demo Bcc: all@us.example"
    assert message.get_payload().strip() == "Call Acme."


def test_a_mail_server_that_does_not_answer_is_tried_again_later(tmp_path: Path):
    mail = Mail("sales@us.example", "leadhouse@us.example", "smtp://ann:h1dden@127.0.0.1:1", tmp_path)
    (result,) = mail.send([notice("x")])
    assert result.outcome is Outcome.TRANSIENT
    assert "h1dden" not in result.reason


def test_a_channel_is_there_when_the_settings_name_it():
    conf = Settings(_env_file=None, DATABASE_URL=None, slack_url=URL, notice_email=None)
    assert [(channel.kind, channel.name) for channel in channels(conf)] == [("slack", "notices.slack")]


def test_a_notice_is_queued_and_sent_once(clean_warehouse: Warehouse, world: World):
    channel, requests = Channel("slack"), []
    said = Notice(channel.name, "alert:1", "HIGH: x", "x")
    for _ in range(2):
        with clean_warehouse.app(ORG) as connection:
            queue(connection, ORG, [said])
            waiting = due(connection, ORG, [channel.name], "HIGH")
        send(clean_warehouse.app, ORG, channel, slack(200, requests), world.surroundings())
    assert len(requests) == 1
    assert waiting == {}


def test_priorities_are_told_from_the_highest_down():
    assert at_least("HIGH") == ["CRITICAL", "HIGH"]
