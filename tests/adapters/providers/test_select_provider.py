"""Which provider answers a person who gives a path, or none."""

from pathlib import Path

from quantmatrix_adapters.providers.folder import FolderProvider
from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_adapters.providers.select import provider_from


def test_without_a_path_the_sample_answers() -> None:
    assert isinstance(provider_from(None), SampleProvider)


def test_with_a_path_the_files_there_answer(tmp_path: Path) -> None:
    provider = provider_from(tmp_path)
    assert isinstance(provider, FolderProvider)
    assert provider.path == tmp_path
