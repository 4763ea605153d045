"""Which providers a person asked for."""

from collections.abc import Sequence

from quantmatrix_adapters import providers
from quantmatrix_adapters.providers import bar_folder
from quantmatrix_adapters.providers.base import Given, IntradayProvider, Provider
from quantmatrix_adapters.providers.failover import Failover
from quantmatrix_adapters.providers.intraday_failover import IntradayFailover
from quantmatrix_adapters.providers.intraday_folder import IntradayFolder
from quantmatrix_engine import registry
from quantmatrix_engine.errors import SettingsError


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


def intraday_from(given: Given, names: Sequence[str] = ()) -> IntradayFailover:
    """Gives the providers of intraday bars called `names`, in their order; `folder` is the files.

    Without names it is the files where there are any, else nobody. Raises UnknownPlugin for a name
    no file answers to, and SettingsError where one gives no intraday bars, or lacks its key, its
    symbols or its files.
    """
    of_files = () if given.intraday_bars is None else (bar_folder.NAME,)
    wanted = dict.fromkeys(tuple(names) or of_files)
    return IntradayFailover([_intraday(given, name) for name in wanted])


def _intraday(given: Given, name: str) -> IntradayProvider:
    if name == bar_folder.NAME:
        if given.intraday_bars is None:
            raise SettingsError(
                f"Intraday bars of {name!r} need files: set QUANTMATRIX_INTRADAY_BARS."
            )
        return IntradayFolder(given.intraday_bars)
    known = registry.discover(providers, attribute="PROVIDER")
    made = registry.pick(known, name, what="provider").configured(given)
    if not isinstance(made, IntradayProvider):
        able = ", ".join(one for one, plugin in known.items() if hasattr(plugin, "intraday_bars"))
        raise SettingsError(
            f"The provider {name!r} gives no intraday bars; QUANTMATRIX_INTRADAY_PROVIDERS may "
            f"name {able}, {bar_folder.NAME}."
        )
    if not given.symbols:
        raise SettingsError(
            "Intraday bars are asked for symbol by symbol: set QUANTMATRIX_SYMBOLS, such as "
            "AAPL,MSFT."
        )
    return made
