from pathlib import Path

from pipelines.rows import change
from pipelines.test_cli import PASSWORD, WEBHOOK, refused
from typer.testing import CliRunner

from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.database import Database
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines.cli.main import app
from quantmatrix_pipelines.stores import users


def test_the_trail_is_verified_anchored_and_listed(asking: CliRunner):
    asking.invoke(app, ["users", "add", "ada"])
    verified = asking.invoke(app, ["audit", "verify"])
    assert verified.exit_code == 0
    assert "1 chains, 1 events, 0 anchors: 0 faults." in verified.output
    assert "There is no anchor" in verified.output
    assert asking.invoke(app, ["audit", "anchor"]).exit_code == 0
    assert "1 anchors: 0 faults." in asking.invoke(app, ["audit", "verify"]).output
    listed = asking.invoke(app, ["audit", "list", "--user", "ada"]).output
    assert "created" in listed
    assert "cli:" in listed


def test_a_trail_that_was_touched_is_told_and_not_anchored(asking: CliRunner, database: Database):
    asking.invoke(app, ["users", "add", "ada"])
    change(database, "ALTER TABLE audit_events DISABLE TRIGGER USER")
    change(database, "UPDATE audit_events SET actor = 'nobody'")
    for command in ("verify", "anchor"):
        done = asking.invoke(app, ["audit", command])
        assert done.exit_code == 1
        assert "event 1" in done.output
    assert "Nothing was anchored" in done.output


def test_an_anchor_file_that_is_damaged_is_one_clear_line(
    installed: dict[str, str], tmp_path: Path
):
    anchors = tmp_path / "anchors.jsonl"
    anchors.write_text("{}\n")
    environment = {**installed, "QUANTMATRIX_AUDIT_ANCHORS": str(anchors)}
    assert "Line 1 of" in refused(environment, "audit", "verify")


def test_secrets_are_sealed_anew_with_a_key_put_before_the_old_one(
    asking: CliRunner, database: Database, installed: dict[str, str]
):
    asking.invoke(app, ["users", "add", "ada"])
    asking.invoke(app, ["users", "webhook", "ada"], input=f"{WEBHOOK}\n")
    fresh = asking.invoke(app, ["secrets", "new-key"]).stdout.split()[0]
    path = Path(installed["QUANTMATRIX_HOME"]) / "vault.key"
    path.write_text(f"{fresh}\n{path.read_text()}")
    rotated = asking.invoke(app, ["secrets", "rotate"])
    assert rotated.exit_code == 0
    assert "1 secrets sealed with key" in rotated.output
    assert PASSWORD not in rotated.output
    path.write_text(fresh)
    (ada,) = users.listed(database)
    vault = Vault([fresh])
    opened = users.webhook(database, vault, user_id=ada.id, channel=Channel.SIGNALS)
    assert str(opened).endswith(f"/webhooks/1/{PASSWORD}")
    assert Vault([fresh]).key_id in asking.invoke(app, ["secrets", "list"]).output


def test_a_secret_no_key_opens_ends_a_rotation_with_code_1(
    asking: CliRunner, installed: dict[str, str]
):
    asking.invoke(app, ["users", "add", "ada"])
    asking.invoke(app, ["users", "webhook", "ada"], input=f"{WEBHOOK}\n")
    (Path(installed["QUANTMATRIX_HOME"]) / "vault.key").write_text(Vault.new_key())
    done = asking.invoke(app, ["secrets", "rotate"])
    assert done.exit_code == 1
    assert "does not open" in done.output
