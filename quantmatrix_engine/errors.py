"""The errors of QuantMatrix: one tree, every floor raises from it.

    QuantMatrixError
    ├── SettingsError          a setting, an argument or a file path of the person running us
    ├── ParamsError            params of a strategy that its kind refuses
    ├── UnknownPlugin          a name no file of a plug-in folder answers to
    ├── ContractError          a frame that is not of the agreed shape
    ├── DatabaseError          PostgreSQL cannot be reached or is not ours
    ├── HttpError              a server gave no HTTP answer
    ├── ProviderError          a provider of market data gave no usable answer
    │   ├── ProviderBusy       ... for now: too many requests, silence, a fault on its side
    │   ├── ProviderRefused    ... to this key: it is wrong, or its plan lacks what was asked
    │   ├── ProviderPaused     ... not asked: its quota is used up, or it failed too often
    │   └── NobodyAnswered     ... nor did any other of those that were asked one after another
    └── ChannelError           a channel did not take a message
        ├── ChannelBusy        ... for now: `retry_after_seconds` says when to ask again
        ├── MessageRefused     ... this message, for good
        └── ChannelGone        ... any message, for good: webhook deleted or its token wrong

An error says what was wrong, the value, and what would be right, in one line. `retryable` says
whether trying the same thing again can help.
"""

import datetime as dt
from collections.abc import Mapping


class QuantMatrixError(Exception):
    """Anything this project raises on purpose; `str()` is one line made for a person."""

    retryable = False


class SettingsError(QuantMatrixError):
    """A setting, an argument or a path cannot be used."""


class ParamsError(QuantMatrixError):
    """Params of a strategy are outside what its kind allows."""


class UnknownPlugin(QuantMatrixError):
    """No plug-in has this name; the message lists those that exist and the nearest."""


class ContractError(QuantMatrixError):
    """A frame lacks a column or has one of another type than its contract."""


class DatabaseError(QuantMatrixError):
    """PostgreSQL cannot be reached, or refuses us."""

    retryable = True


class HttpError(QuantMatrixError):
    """A server cannot be reached, stayed silent or broke off; whether it acted is not known."""

    retryable = True


class ProviderError(QuantMatrixError):
    """A provider gave no usable answer."""


class ProviderBusy(ProviderError):
    """Not now: too many requests, no whole answer, or a fault on the provider's side."""

    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ProviderRefused(ProviderError):
    """The provider does not take the key, or the key's plan does not cover what was asked."""


class ProviderPaused(ProviderError):
    """The provider is not asked until `until` (UTC; None: until a person decides)."""

    def __init__(self, message: str, *, until: dt.datetime | None) -> None:
        super().__init__(message)
        self.until = until


class NobodyAnswered(ProviderError):
    """None of several providers answered; `failures` has the error of each by its name."""

    def __init__(self, failures: Mapping[str, QuantMatrixError]) -> None:
        said = "; ".join(f"{name}: {error}" for name, error in failures.items())
        super().__init__(f"No provider answered. {said}")
        self.failures = dict(failures)
        self.retryable = any(error.retryable for error in failures.values())


class ChannelError(QuantMatrixError):
    """A channel did not take a message."""


class ChannelBusy(ChannelError):
    """Not now: a rate limit, a time-out or a fault on the other side.

    `may_have_arrived` says that the other side may have taken the message all the same.
    """

    retryable = True

    def __init__(
        self, message: str, *, retry_after_seconds: float, may_have_arrived: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.may_have_arrived = may_have_arrived


class MessageRefused(ChannelError):
    """The channel says this message is not well formed; sending it again cannot help."""


class ChannelGone(ChannelError):
    """The webhook does not exist any more; it must not be used again."""
