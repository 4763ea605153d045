"""Finds plug-ins: every module of a folder that defines the attribute the folder asks for."""

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from quantmatrix_engine.errors import UnknownPlugin


def discover(package: ModuleType, *, attribute: str) -> Mapping[str, Any]:
    """Gives what each module of `package` calls `attribute`, keyed by the module's name, sorted.

    A module without the attribute is part of the folder's own machinery and is left out.
    """
    found: dict[str, Any] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if hasattr(module, attribute):
            found[info.name] = getattr(module, attribute)
    return MappingProxyType(found)


def pick(plugins: Mapping[str, Any], name: str, *, what: str) -> Any:
    """Gives the plug-in called `name`.

    Raises UnknownPlugin naming the nearest name and all that exist; `what` is the plug-in's noun.
    """
    if name in plugins:
        return plugins[name]
    near = difflib.get_close_matches(name, plugins, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UnknownPlugin(f"No {what} is called {name!r}.{hint} There are: {', '.join(plugins)}.")
