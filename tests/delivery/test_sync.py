"""What a sync's YAML may say, and what it answers when it says something else."""

from pathlib import Path

import pytest

from dagster_project import user_yaml
from dagster_project.delivery.sync import FIELDS, Sync, load_syncs
from dagster_project.settings import PROJECT_ROOT

WEBHOOK = "description: Test.\ndestination: {type: webhook}\n"


def written(folder: Path, text: str, name: str = "mine") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def test_the_shipped_syncs_load_and_are_named_by_their_files():
    assert list(load_syncs([PROJECT_ROOT / "data" / "syncs"])) == ["csv_export", "webhook"]


def test_a_sync_without_fields_sends_every_public_field_and_no_bookkeeping(tmp_path: Path):
    sync = user_yaml.load(Sync, written(tmp_path, WEBHOOK))
    assert tuple(sync.columns) == FIELDS
    assert not {"org_id", "fingerprint", "lead_id"} & set(sync.columns)


def test_a_file_of_the_users_wins_over_its_shipped_namesake(tmp_path: Path):
    written(tmp_path / "own", WEBHOOK.replace("Test", "Mine"))
    written(tmp_path / "shipped", WEBHOOK)
    assert load_syncs([tmp_path / "own", tmp_path / "shipped", tmp_path / "absent"])["mine"].description == "Mine."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (WEBHOOK + "feilds: [name]", 'mine.yaml: unknown key "feilds" (did you mean "fields"?)'),
        (WEBHOOK + "fields: [name, phnoe]", '"phnoe" is not a field of a lead (did you mean "phone"?)'),
        (WEBHOOK + "fields: [name]\nrename: {nane: Company}", '"nane" is not among the fields (did you mean "name"?)'),
        (WEBHOOK + "rename: {name: email}", "sent twice, or a reserved name: email"),
        (WEBHOOK + "rename: {name: revision}", "sent twice, or a reserved name: revision"),
        (
            WEBHOOK.replace("webhook", "webhook, url: x"),
            '"destination.webhook.url" (did you mean "url_env"?). Known: type,',
        ),
        (WEBHOOK.replace("webhook", "hubspot"), "csv"),
        (WEBHOOK + "mode: mirror", "mode"),
        (WEBHOOK + "name: other", "the name is the file's"),
        ("- a list", "expected keys"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_valid_word(tmp_path: Path, text: str, sentence: str):
    with pytest.raises(user_yaml.YamlMistake) as caught:
        user_yaml.load(Sync, written(tmp_path, text))
    assert sentence in str(caught.value)


def test_a_webhook_is_configured_only_with_url_and_secret(hook_sync: Sync):
    assert "LEADHOUSE_WEBHOOK_URL and LEADHOUSE_WEBHOOK_SECRET not set" in hook_sync.unconfigured({})
    assert "LEADHOUSE_WEBHOOK_SECRET not set" in hook_sync.unconfigured({"LEADHOUSE_WEBHOOK_URL": "https://x.example"})
    both = {"LEADHOUSE_WEBHOOK_URL": "https://x.example", "LEADHOUSE_WEBHOOK_SECRET": "s"}
    assert hook_sync.unconfigured(both) is None


def test_the_shape_changes_with_fields_and_names_but_not_with_their_order(hook_sync: Sync):
    def shape(**changes) -> str:
        return Sync(**hook_sync.model_dump() | changes).shape

    assert shape(fields=("email", "name")) == hook_sync.shape
    assert len({hook_sync.shape, shape(fields=("name",)), shape(rename={"name": "Company"})}) == 3
