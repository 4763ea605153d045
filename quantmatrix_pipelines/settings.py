"""Settings: read once from the environment into an object that does not change."""

from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from quantmatrix_engine.errors import SettingsError

CHECKOUT = Path(__file__).parents[1]


class Settings(BaseSettings):
    """Where things lie and whom we talk to. Each is an environment variable QUANTMATRIX_<NAME>."""

    # An empty variable counts as not set: an empty path would be the folder we happen to be in.
    model_config = SettingsConfigDict(
        env_prefix="QUANTMATRIX_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    home: Annotated[Path, Field(description="Folder of everything that is written.")] = (
        CHECKOUT / ".quantmatrix"
    )
    database_url: Annotated[
        SecretStr | None, Field(description="PostgreSQL of your own; else the embedded one.")
    ] = None
    dagster_database_url: Annotated[
        SecretStr | None,
        Field(description="Database of Dagster itself; else `dagster` on the same server."),
    ] = None
    bars: Annotated[Path | None, Field(description="Folder or file of bars; else the sample.")] = (
        None
    )
    actions: Annotated[
        Path | None,
        Field(description="CSV file of splits and dividends, beside what the feed reports."),
    ] = None
    fundamentals: Annotated[
        Path | None, Field(description="CSV file of figures about companies, beside the feed's.")
    ] = None
    intraday_bars: Annotated[Path | None, Field(description="Folder or file of intraday bars.")] = (
        None
    )
    intraday_providers: Annotated[
        str, Field(description="Providers of intraday bars in their order, by comma; else files.")
    ] = ""
    intraday_5m_sessions: Annotated[
        int, Field(ge=1, le=25_000, description="How many last sessions keep five minutes.")
    ] = 90
    intraday_1h_sessions: Annotated[
        int, Field(ge=1, le=25_000, description="How many last sessions keep hours.")
    ] = 504
    snapshot_days: Annotated[
        int,
        Field(ge=1, le=36_500, description="How many days a snapshot stays; a month's last does."),
    ] = 90
    symbol_history: Annotated[
        Path | None, Field(description="CSV file of who was called what from when to when.")
    ] = None
    registers: Annotated[
        str, Field(description="Registers of issuers read for who is called what, by comma: sec.")
    ] = ""
    sec_contact: Annotated[
        str, Field(description="Name and e-mail address the SEC is told: who asks for its list.")
    ] = ""
    providers: Annotated[
        str, Field(description="Providers in their order, by comma; else the bars or the sample.")
    ] = ""
    symbols: Annotated[
        str, Field(description="Symbols providers on the network are asked for, by comma.")
    ] = ""
    compared_symbols: Annotated[
        int,
        Field(
            ge=0,
            le=10_000,
            description="How many symbols a session the next provider is asked for, too, only to"
            " compare; 0: none.",
        ),
    ] = 20
    tiingo_key: Annotated[SecretStr | None, Field(description="API token of Tiingo.")] = None
    polygon_key: Annotated[SecretStr | None, Field(description="API key of Polygon.")] = None
    alpaca_key: Annotated[
        SecretStr | None, Field(description="Key id and secret of Alpaca, ID:SECRET.")
    ] = None
    fmp_key: Annotated[
        SecretStr | None, Field(description="API key of Financial Modeling Prep.")
    ] = None
    alpha_vantage_key: Annotated[
        SecretStr | None, Field(description="API key of Alpha Vantage.")
    ] = None
    sessions: Annotated[
        int, Field(ge=1, le=250, description="How many last sessions the first start evaluates.")
    ] = 5
    history_sessions: Annotated[
        int, Field(ge=250, le=25_000, description="How many last sessions are loaded as history.")
    ] = 750
    benchmark: Annotated[
        str,
        Field(min_length=1, max_length=32, description="Symbol relative strength is against."),
    ] = "SPY"
    port: Annotated[int, Field(ge=1, le=65_535, description="Port of the Dagster UI.")] = 3000
    discord_url: Annotated[str, Field(description="Address webhooks must begin with.")] = (
        "https://discord.com"
    )
    demo_webhooks: Annotated[
        SecretStr, Field(description="Webhooks of the demonstration users: name=url,name=url.")
    ] = SecretStr("")
    vault_keys: Annotated[
        SecretStr | None, Field(description="Keys of stored secrets, newest first, by comma.")
    ] = None
    audit_keys: Annotated[
        SecretStr | None, Field(description="Keys of the audit trail, newest first, by comma.")
    ] = None
    audit_anchors: Annotated[
        Path | None,
        Field(description="File the audit trail is anchored in; else in the home folder."),
    ] = None
    compiled: Annotated[
        Path | None,
        Field(description="Folder compiled kernels are kept in; else in the home folder."),
    ] = None
    code_version: Annotated[
        str, Field(max_length=64, description="Which code ran, kept with every run.")
    ] = ""

    @field_validator(
        *("home", "bars", "intraday_bars", "symbol_history", "actions", "fundamentals"),
        *("audit_anchors", "compiled"),
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        try:
            return None if path is None else path.expanduser().resolve()
        except RuntimeError:
            raise ValueError("there is no user of the name after ~") from None

    @field_validator("code_version")
    @classmethod
    def _installed(cls, version: str) -> str:
        return version or metadata.version("quantmatrix")

    @cached_property
    def lake(self) -> Path:
        """Gives the folder of the Delta tables."""
        return self.home / "lake"

    @cached_property
    def snapshots(self) -> Path:
        """Gives the folder of the analysts' snapshots."""
        return self.home / "snapshots"

    @cached_property
    def kernels(self) -> Path:
        """Gives the folder of compiled kernels."""
        return self.compiled or self.home / "compiled"

    @cached_property
    def dagster_home(self) -> Path:
        """Gives the folder of Dagster's own configuration and logs."""
        return self.home / "dagster"

    @cached_property
    def anchors(self) -> Path:
        """Gives the file of the audit trail's anchors."""
        return self.audit_anchors or self.home / "audit-anchors.jsonl"

    @cached_property
    def register_names(self) -> tuple[str, ...]:
        """Gives the registers of issuers to read, in their order; none where none is named."""
        return _listed(self.registers)

    @cached_property
    def provider_names(self) -> tuple[str, ...]:
        """Gives the providers to ask, the first before the others; none where none is named."""
        return _listed(self.providers)

    @cached_property
    def intraday_names(self) -> tuple[str, ...]:
        """Gives the providers of intraday bars in their order; none where none is configured."""
        of_files = () if self.intraday_bars is None else ("folder",)
        return _listed(self.intraday_providers) or of_files

    @cached_property
    def provider_symbols(self) -> tuple[str, ...]:
        """Gives the symbols to ask for, each once."""
        return _listed(self.symbols)

    @property
    def provider_keys(self) -> dict[str, str]:
        """Gives the keys there are, by provider."""
        keys = {
            "tiingo": self.tiingo_key,
            "polygon": self.polygon_key,
            "alpaca": self.alpaca_key,
            "fmp": self.fmp_key,
            "alpha_vantage": self.alpha_vantage_key,
        }
        return {name: key.get_secret_value() for name, key in keys.items() if key is not None}

    @cached_property
    def webhooks_of_demo_users(self) -> dict[str, str]:
        """Gives the webhook by name of a demonstration user. Raises SettingsError."""
        found: dict[str, str] = {}
        for part in filter(None, self.demo_webhooks.get_secret_value().split(",")):
            name, equals, url = part.partition("=")
            if not equals:
                raise SettingsError(
                    "QUANTMATRIX_DEMO_WEBHOOKS must be name=url pairs with commas between them; "
                    f"pair {len(found) + 1} has no '='."
                )
            found[name.strip()] = url.strip()
        return found


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def read_settings(**overrides: Any) -> Settings:
    """Gives the settings of this process; `overrides` win over the environment.

    Raises SettingsError naming the variable, its value and what would be right.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = "; ".join(
            f"QUANTMATRIX_{str(detail['loc'][0]).upper()} = {detail['input']!r}: "
            f"{detail['msg'].removeprefix('Value error, ')}"
            for detail in error.errors()
        )
        raise SettingsError(wrong) from None
