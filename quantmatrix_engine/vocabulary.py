"""The words of the project that are stored: every enum whose value reaches a table or a message.

The values are written to the database and checked there, so renaming one is a migration.
"""

from enum import StrEnum


class InstrumentKind(StrEnum):
    """What can be traded."""

    STOCK = "stock"
    ETF = "etf"
    INDEX = "index"
    OPTION = "option"
    FUTURE = "future"
    BOND = "bond"
    MUTUAL_FUND = "mutual_fund"
    CRYPTO = "crypto"
    WARRANT = "warrant"
    RIGHT = "right"


class Action(StrEnum):
    """What a signal tells its user to consider."""

    ENTRY = "entry"
    SCALE_OUT = "scale_out"
    EXIT = "exit"


class Urgency(StrEnum):
    """How soon an exit asks for attention; other actions have none."""

    MEDIUM = "medium"
    HIGH = "high"


class SizeBasis(StrEnum):
    """What a signal's `size_pct` is a percentage of."""

    ACCOUNT = "account"
    POSITION = "position"


class RunStatus(StrEnum):
    """How one evaluation of one strategy on one session ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class WithheldReason(StrEnum):
    """Why a strategy says nothing about an instrument it was asked about.

    `limit`: it was judged, and its user's limits leave no room for the entry.
    """

    NO_BAR = "no_bar"
    QUARANTINED_BAR = "quarantined_bar"
    MISSING_INDICATOR = "missing_indicator"
    LIMIT = "limit"


class Stage(StrEnum):
    """How far a signal has come since it was said; what each means is in `strategies/outcomes`."""

    PENDING = "pending"
    ACTIVE = "active"
    TRIGGERED = "triggered"
    TARGET_HIT = "target_hit"
    STOPPED = "stopped"
    EXITED = "exited"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    INVALIDATED = "invalidated"

    @property
    def is_over(self) -> bool:
        """Says whether nothing follows; after the last target, or long enough, nothing does too."""
        return self in {
            Stage.STOPPED,
            Stage.EXITED,
            Stage.EXPIRED,
            Stage.CANCELLED,
            Stage.INVALIDATED,
        }


class Channel(StrEnum):
    """A stream of messages a user can point at a webhook of their own."""

    SIGNALS = "signals"
    ALERTS = "alerts"
    PORTFOLIO_DIGEST = "portfolio_digest"
    MORNING_BREW = "morning_brew"
    SYSTEM_STATUS = "system_status"
    PLAYGROUND = "playground"


class NotificationKind(StrEnum):
    """What a message is about."""

    SIGNALS = "signals"
    ALERT = "alert"
    PORTFOLIO_DIGEST = "portfolio_digest"
    MORNING_BREW = "morning_brew"
    BACKTEST_RESULT = "backtest_result"
    REBALANCING = "rebalancing"
    MARGIN_CALL = "margin_call"
    SYSTEM_STATUS = "system_status"
    TEST = "test"


class Priority(StrEnum):
    """How much a message asks for attention."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class AlertFrequency(StrEnum):
    """How often an alert rule may make a notification while its conditions hold."""

    ONCE = "once"
    EVERY_TIME = "every_time"
    DAILY = "daily"


class NotificationStatus(StrEnum):
    """Where a message is on its way out."""

    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    PRINTED = "printed"
    SUPPRESSED = "suppressed"
    FAILED = "failed"


class FetchKind(StrEnum):
    """What a provider was asked for. `compared_bars`: bars another provider gave already."""

    BARS = "bars"
    COMPARED_BARS = "compared_bars"
    INTRADAY_BARS = "intraday_bars"
    CORPORATE_ACTIONS = "corporate_actions"
    FUNDAMENTALS = "fundamentals"


class Severity(StrEnum):
    """How much a finding weighs."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class FindingStatus(StrEnum):
    """What became of a finding. `corrected`: a later delivery brought a good row."""

    OPEN = "open"
    RELEASED = "released"
    REJECTED = "rejected"
    CORRECTED = "corrected"


class FindingRule(StrEnum):
    """The rule a row broke: one of market data, or a contract further on in the chain."""

    MISSING_COLUMN = "missing_column"
    UNREADABLE_FILE = "unreadable_file"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_DATE = "not_a_date"
    MIXED_TIME_ZONE = "mixed_time_zone"
    MISSING_SYMBOL = "missing_symbol"
    NULL_PRICE = "null_price"
    NONPOSITIVE_PRICE = "nonpositive_price"
    NULL_VOLUME = "null_volume"
    NEGATIVE_VOLUME = "negative_volume"
    HIGH_BELOW_LOW = "high_below_low"
    OPEN_OUTSIDE_RANGE = "open_outside_range"
    CLOSE_OUTSIDE_RANGE = "close_outside_range"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_SESSION = "not_a_session"
    UNKNOWN_SYMBOL = "unknown_symbol"
    AMBIGUOUS_SYMBOL = "ambiguous_symbol"
    CONTRADICTED_SYMBOL = "contradicted_symbol"
    BROKEN_CONTRACT = "broken_contract"
    MISSING_SESSION = "missing_session"
    STALE_SERIES = "stale_series"
    SPIKE_REVERTS = "spike_reverts"
    UNIT_ERROR = "unit_error"
    SPLIT_NOT_APPLIED = "split_not_applied"
    UNEXPLAINED_JUMP = "unexplained_jump"
    ZERO_VOLUME = "zero_volume"
    FLAT_ZERO_VOLUME = "flat_zero_volume"
    REPEATED_BAR = "repeated_bar"
    DIVIDEND_NOT_IN_PRICE = "dividend_not_in_price"
    DIVIDEND_NOT_ADJUSTED = "dividend_not_adjusted"
    DIVIDEND_MISSTATED = "dividend_misstated"
    DIVIDEND_REPEATED = "dividend_repeated"
    CAPITAL_GAINS_COUNTED_TWICE = "capital_gains_counted_twice"
    UNCONFIRMED_ACTION = "unconfirmed_action"
    PROVIDER_DISAGREEMENT = "provider_disagreement"
    PROVIDER_FAILED = "provider_failed"


FLAGGING_RULES = frozenset(
    {
        FindingRule.MISSING_SESSION,
        FindingRule.STALE_SERIES,
        FindingRule.SPIKE_REVERTS,
        FindingRule.UNIT_ERROR,
        FindingRule.SPLIT_NOT_APPLIED,
        FindingRule.UNEXPLAINED_JUMP,
        FindingRule.ZERO_VOLUME,
        FindingRule.FLAT_ZERO_VOLUME,
        FindingRule.REPEATED_BAR,
        FindingRule.UNCONFIRMED_ACTION,
        FindingRule.PROVIDER_DISAGREEMENT,
        FindingRule.PROVIDER_FAILED,
    }
)
"""Rules over a series of bars: they point at a bar, or at one that is not there, and keep it out of
nothing. Whether it was wrong or an honest move shows later, or to a person."""


class Recommendation(StrEnum):
    """What the newest state of an instrument speaks for."""

    STRONG_BUY = "strong_buy"
    BUY = "buy"
    HOLD = "hold"
    SELL = "sell"
    STRONG_SELL = "strong_sell"


class RiskClass(StrEnum):
    """How much an instrument moves."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EXTREME = "extreme"
