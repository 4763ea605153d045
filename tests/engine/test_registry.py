import sys
from importlib import import_module
from pathlib import Path

import pytest

from quantmatrix_engine import registry
from quantmatrix_engine.errors import UnknownPlugin

FILES = {
    "__init__.py": "",
    "base.py": "PROMISE = 1",
    "zebra.py": "PLUGIN = 'Z'",
    "ant.py": "PLUGIN = 'A'",
    "unset.py": "PLUGIN = None",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package of plug-ins, forgotten after the test."""
    package = tmp_path / "zoo_of_plugins"
    package.mkdir()
    for name, text in FILES.items():
        (package / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield import_module("zoo_of_plugins")
    for name in [name for name in sys.modules if name.partition(".")[0] == "zoo_of_plugins"]:
        del sys.modules[name]


def test_a_file_that_defines_the_attribute_is_found_under_its_name_sorted(folder):
    found = registry.discover(folder, attribute="PLUGIN")
    assert list(found.items()) == [("ant", "A"), ("unset", None), ("zebra", "Z")]


def test_machinery_of_the_folder_is_no_plug_in(folder):
    assert "base" not in registry.discover(folder, attribute="PLUGIN")
    assert list(registry.discover(folder, attribute="PROMISE")) == ["base"]


def test_what_was_found_cannot_be_changed(folder):
    found = registry.discover(folder, attribute="PLUGIN")
    with pytest.raises(TypeError):
        found["wasp"] = "W"


def test_a_plug_in_that_cannot_be_imported_is_not_passed_over(folder):
    Path(folder.__path__[0], "broken.py").write_text("import no_module_of_this_name")
    with pytest.raises(ModuleNotFoundError):
        registry.discover(folder, attribute="PLUGIN")


def test_a_name_picks_its_plug_in():
    assert registry.pick({"ant": "A", "zebra": None}, "zebra", what="animal") is None


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all():
    with pytest.raises(UnknownPlugin) as unknown:
        registry.pick({"ant": "A", "zebra": "Z"}, "zebar", what="animal")
    assert str(unknown.value) == (
        "No animal is called 'zebar'. Did you mean 'zebra'? There are: ant, zebra."
    )


def test_a_name_like_no_other_is_answered_with_all():
    with pytest.raises(UnknownPlugin) as unknown:
        registry.pick({"ant": "A", "zebra": "Z"}, "whale", what="animal")
    assert str(unknown.value) == "No animal is called 'whale'. There are: ant, zebra."
