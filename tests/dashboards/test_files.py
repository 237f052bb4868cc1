"""The committed JSON is what the code builds, and provisioning holds no secret."""

from pathlib import Path

import pytest
import yaml

import dashboards


def test_the_json_files_are_what_the_code_builds() -> None:
    for path, content in dashboards.files().items():
        assert path.read_text(encoding="utf-8") == content, f"{path.name} is out of date: run `make dashboards`"


def test_no_other_json_lies_there() -> None:
    assert set(dashboards.FOLDER.glob("*.json")) == set(dashboards.files())


@pytest.mark.parametrize(
    "path", sorted((dashboards.FOLDER / "provisioning").rglob("*.yaml")), ids=lambda p: p.parent.name
)
def test_provisioning_is_yaml_without_a_secret(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content["apiVersion"] == 1
    for source in content.get("datasources", []):
        assert all("$" in value for value in source.get("secureJsonData", {}).values())
