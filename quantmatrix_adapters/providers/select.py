"""Which provider a person asked for."""

from pathlib import Path

from quantmatrix_adapters.providers.base import Provider
from quantmatrix_adapters.providers.folder import FolderProvider
from quantmatrix_adapters.providers.sample import SampleProvider


def provider_from(bars_path: Path | None) -> Provider:
    """Gives the provider of the files at `bars_path`, or the sample where there is no path."""
    return SampleProvider() if bars_path is None else FolderProvider(bars_path)
