-- What an analyst finds beside the tables of a snapshot. Run once, when the file is made.

CREATE VIEW latest_bars AS
    SELECT b.*, i.symbol
    FROM bars b
    JOIN instruments i ON i.instrument_id = b.instrument_id AND b.session >= i.valid_from
        AND (i.valid_to IS NULL OR b.session < i.valid_to)
    WHERE b.session = (SELECT max(session) FROM bars);

CREATE VIEW signals_of_session AS
    SELECT * FROM signals WHERE session = (SELECT max(session) FROM bars);

COMMENT ON VIEW latest_bars IS 'Bars of the snapshot''s session, with symbols.';
COMMENT ON VIEW signals_of_session IS 'Signals of the snapshot''s session.';

-- The rules behind each signal, one row a rule.
CREATE VIEW signal_rules AS
    SELECT
        s.signal_id,
        s.session,
        s.user_name,
        s.symbol,
        s.action,
        rule ->> 'rule' AS rule,
        CAST(rule ->> 'value' AS DOUBLE) AS value,
        rule ->> 'comparison' AS comparison,
        CAST(rule ->> 'threshold' AS DOUBLE) AS threshold,
        CAST(rule ->> 'is_met' AS BOOLEAN) AS is_met
    FROM signals s, unnest(CAST(s.trace AS JSON[])) AS t(rule);

COMMENT ON VIEW signal_rules IS 'The rules behind each signal, one row a rule.';
COMMENT ON COLUMN signal_rules.rule IS
    'Name of the rule.';
COMMENT ON COLUMN signal_rules.value IS
    'What the rule asked about; null where it was unknown.';
COMMENT ON COLUMN signal_rules.comparison IS
    'How the value is compared with the threshold: >=, <=, > or <.';
COMMENT ON COLUMN signal_rules.threshold IS
    'What the value is compared with.';
COMMENT ON COLUMN signal_rules.is_met IS
    'Whether the rule held.';

-- Bars in the price basis of the snapshot's session: earlier prices are divided by the ratios of the
-- splits since, volumes multiplied. `bars` are as traded.
CREATE VIEW split_adjusted_bars AS
    WITH factors AS (
        SELECT b.instrument_id, b.session, product(1 / a.ratio) AS factor
        FROM bars b
        JOIN corporate_actions a ON a.instrument_id = b.instrument_id
            AND a.ex_date > b.session AND a.ratio IS NOT NULL
        GROUP BY b.instrument_id, b.session
    )
    SELECT
        b.instrument_id,
        b.provider,
        b.session,
        b.open * coalesce(f.factor, 1) AS open,
        b.high * coalesce(f.factor, 1) AS high,
        b.low * coalesce(f.factor, 1) AS low,
        b.close * coalesce(f.factor, 1) AS close,
        b.volume / coalesce(f.factor, 1) AS volume,
        b.known_at,
        b.is_final
    FROM bars b
    LEFT JOIN factors f ON f.instrument_id = b.instrument_id AND f.session = b.session;

COMMENT ON VIEW split_adjusted_bars IS
    'Bars in the price basis of the snapshot''s session: adjusted for the splits since.';
COMMENT ON COLUMN split_adjusted_bars.open IS
    'Open in the price basis of the snapshot''s session.';
COMMENT ON COLUMN split_adjusted_bars.high IS
    'High in the price basis of the snapshot''s session.';
COMMENT ON COLUMN split_adjusted_bars.low IS
    'Low in the price basis of the snapshot''s session.';
COMMENT ON COLUMN split_adjusted_bars.close IS
    'Close in the price basis of the snapshot''s session.';
COMMENT ON COLUMN split_adjusted_bars.volume IS
    'Units traded, of the size they have on the snapshot''s session.';

-- The indicators of the newest session that has any, with the symbols of then, in the price basis of it.
CREATE VIEW latest_indicators AS
    SELECT n.*, i.symbol
    FROM indicators n
    JOIN instruments i ON i.instrument_id = n.instrument_id AND n.session >= i.valid_from
        AND (i.valid_to IS NULL OR n.session < i.valid_to)
    WHERE n.session = (SELECT max(session) FROM indicators);

COMMENT ON VIEW latest_indicators IS
    'Indicators of the newest session that has any, with symbols.';

-- The newest week that is over, with the symbols of its last session. A column's bars are weeks:
-- `sma_30` is the mean of 30 weekly closes, in the price basis of the row's session.
CREATE VIEW latest_weekly_indicators AS
    SELECT w.*, i.symbol
    FROM weekly_indicators w
    JOIN instruments i ON i.instrument_id = w.instrument_id AND w.session >= i.valid_from
        AND (i.valid_to IS NULL OR w.session < i.valid_to)
    WHERE w.session = (SELECT max(session) FROM weekly_indicators);

COMMENT ON VIEW latest_weekly_indicators IS
    'Bars and indicators of the newest week that is over, with symbols.';

-- What stands of each instrument's fundamentals, by provider: the statement for its last session, in
-- the form known last. What stood at an earlier moment: the same where known_at is not after it.
CREATE VIEW latest_fundamentals AS
    SELECT f.*, i.symbol
    FROM fundamentals f
    LEFT JOIN instruments i ON i.instrument_id = f.instrument_id AND f.session >= i.valid_from
        AND (i.valid_to IS NULL OR f.session < i.valid_to)
    QUALIFY row_number() OVER (
        PARTITION BY f.instrument_id, f.provider ORDER BY f.session DESC, f.known_at DESC
    ) = 1;

COMMENT ON VIEW latest_fundamentals IS
    'What each provider said last of each instrument, one row each, with its symbol then.';

-- Intraday bars of the newest session that has any, with the symbols of then, as traded; `starts_at` is UTC.
-- `intraday_bars` has the last five sessions, each bar as it is known last.
CREATE VIEW latest_intraday_bars AS
    SELECT b.*, i.symbol
    FROM intraday_bars b
    JOIN instruments i ON i.instrument_id = b.instrument_id AND b.session >= i.valid_from
        AND (i.valid_to IS NULL OR b.session < i.valid_to)
    WHERE b.session = (SELECT max(session) FROM intraday_bars);

COMMENT ON VIEW latest_intraday_bars IS
    'Five-minute and hourly bars of the newest session that has any, with symbols.';

-- The indicators of the same bars (instrument_id, interval, starts_at), in the price basis of their session.
CREATE VIEW latest_intraday_indicators AS
    SELECT n.*, i.symbol
    FROM intraday_indicators n
    JOIN instruments i ON i.instrument_id = n.instrument_id AND n.session >= i.valid_from
        AND (i.valid_to IS NULL OR n.session < i.valid_to)
    WHERE n.session = (SELECT max(session) FROM intraday_indicators);

COMMENT ON VIEW latest_intraday_indicators IS
    'Indicators of five-minute and hourly bars of the newest session that has any, with symbols.';

-- How each user's strategies did, by action: how many signals were triggered and are over, how many of
-- those ended above their price (good for an entry, not for an exit), and their returns. R is the return
-- in multiples of the risk taken, price to stop. A signal that a later session than the snapshot's had
-- changed when this file was made counts as not triggered.
CREATE VIEW strategy_outcomes AS
    SELECT
        s.user_name,
        s.strategy_name,
        s.kind,
        s.action,
        count(*) AS signals,
        count(*) FILTER (o.sessions_held > 0) AS triggered,
        count(*) FILTER (o.closed AND o.sessions_held > 0) AS ended,
        count(*) FILTER (o.closed AND o.return_pct > 0) AS rose,
        count(*) FILTER (o.hit_stop) AS stopped,
        avg(o.return_pct) FILTER (o.closed) AS mean_return_pct,
        avg(o.return_r) FILTER (o.closed) AS mean_return_r,
        avg(o.sessions_held) FILTER (o.closed AND o.sessions_held > 0) AS mean_sessions_held
    FROM signals s
    LEFT JOIN signal_outcomes o ON o.signal_id = s.signal_id
    GROUP BY s.user_name, s.strategy_name, s.kind, s.action;

COMMENT ON VIEW strategy_outcomes IS
    'How the signals of each strategy did, by action: ended, rose, stopped, mean returns.';
COMMENT ON COLUMN strategy_outcomes.signals IS
    'How many signals there are.';
COMMENT ON COLUMN strategy_outcomes.triggered IS
    'How many of them were triggered.';
COMMENT ON COLUMN strategy_outcomes.ended IS
    'How many of the triggered are over.';
COMMENT ON COLUMN strategy_outcomes.rose IS
    'How many of those that are over ended above their price.';
COMMENT ON COLUMN strategy_outcomes.stopped IS
    'How many reached their stop.';
COMMENT ON COLUMN strategy_outcomes.mean_return_pct IS
    'Mean return of those that are over, in percent.';
COMMENT ON COLUMN strategy_outcomes.mean_return_r IS
    'Mean return of those that are over, in multiples of the risk taken; null where no stop is.';
COMMENT ON COLUMN strategy_outcomes.mean_sessions_held IS
    'Mean number of sessions that those which are over were held.';

-- Where two strategies of one user say the opposite of an instrument on a session: to buy, and to sell.
CREATE VIEW disagreements AS
    SELECT
        user_name,
        session,
        symbol,
        list(DISTINCT strategy_name ORDER BY strategy_name) FILTER (action = 'entry') AS buyers,
        list(DISTINCT strategy_name ORDER BY strategy_name) FILTER (action <> 'entry') AS sellers
    FROM signals
    GROUP BY user_name, session, instrument_id, symbol
    HAVING len(list_distinct(list_concat(buyers, sellers))) > 1
        AND len(buyers) > 0 AND len(sellers) > 0;

COMMENT ON VIEW disagreements IS
    'Where two strategies of one user say the opposite of an instrument: to buy, and to sell.';
COMMENT ON COLUMN disagreements.buyers IS
    'Names of the strategies that say to buy.';
COMMENT ON COLUMN disagreements.sellers IS
    'Names of the strategies that say to sell, all or a part.';
