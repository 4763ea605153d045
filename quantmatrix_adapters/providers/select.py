"""Which provider a person asked for."""

from collections.abc import Sequence

from quantmatrix_adapters import providers
from quantmatrix_adapters.providers.base import Given, Provider
from quantmatrix_adapters.providers.failover import Failover
from quantmatrix_engine import registry


def provider_from(given: Given, names: Sequence[str] = ()) -> Provider:
    """Gives the provider called `names[0]`, or several of them with failover in their order.

    Without names it is the folder where bars are given, else the sample. Raises UnknownPlugin for
    a name no file answers to, and SettingsError where one lacks its key, symbols or files.
    """
    wanted = tuple(names) or ("sample" if given.bars is None else "folder",)
    known = registry.discover(providers, attribute="PROVIDER")
    plugins = [registry.pick(known, name, what="provider") for name in dict.fromkeys(wanted)]
    made: list[Provider] = [plugin.configured(given) for plugin in plugins]
    return made[0] if len(made) == 1 else Failover(made, given.symbols)
