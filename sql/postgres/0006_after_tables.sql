-- Strategies' versions, performance and backtests; what became of signals; alert rules.

-- Row security: on every table with an owner, forced, so that the tables' own owner obeys too.
ALTER TABLE alert_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_rules FORCE ROW LEVEL SECURITY;
ALTER TABLE alert_triggers ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_triggers FORCE ROW LEVEL SECURITY;
ALTER TABLE backtest_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE backtest_runs FORCE ROW LEVEL SECURITY;
ALTER TABLE strategy_performance ENABLE ROW LEVEL SECURITY;
ALTER TABLE strategy_performance FORCE ROW LEVEL SECURITY;
ALTER TABLE strategy_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE strategy_versions FORCE ROW LEVEL SECURITY;
ALTER TABLE signal_outcomes ENABLE ROW LEVEL SECURITY;
ALTER TABLE signal_outcomes FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON alert_rules FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON alert_rules FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
ALTER POLICY all_rows ON notifications
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support;
ALTER POLICY all_rows ON strategies
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support;
CREATE POLICY own_rows ON alert_triggers FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON alert_triggers FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON backtest_runs FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON backtest_runs FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON strategy_performance FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON strategy_performance FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
ALTER POLICY all_rows ON strategy_runs
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support;
CREATE POLICY own_rows ON strategy_versions FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON strategy_versions FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
ALTER POLICY all_rows ON signals
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support;
ALTER POLICY all_rows ON withheld_signals
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support;
ALTER POLICY all_rows ON notification_signals
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support;
CREATE POLICY own_rows ON signal_outcomes FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON signal_outcomes FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);

-- Who may do what: as the models declare it (`__grants__`).
GRANT SELECT ON alert_rules TO quantmatrix_admin;
GRANT SELECT, INSERT (user_id, name, description, instrument_id, universe, conditions, is_enabled,
        frequency, cooldown_minutes, max_per_day, channel, priority, message, expires_at),
        UPDATE (name, description, instrument_id, universe, conditions, is_enabled, frequency,
        cooldown_minutes, max_per_day, channel, priority, message, expires_at, archived_at,
        changed_at) ON alert_rules TO quantmatrix_app;
GRANT SELECT, UPDATE (last_triggered_at, trigger_count,
        is_enabled) ON alert_rules TO quantmatrix_pipeline;
GRANT SELECT ON alert_rules TO quantmatrix_support;
GRANT UPDATE (read_at, dismissed_at) ON notifications TO quantmatrix_app;
GRANT SELECT ON notifications TO quantmatrix_support;
REVOKE UPDATE (changed_at, is_enabled, name, params, universe) ON strategies FROM quantmatrix_app;
GRANT INSERT (user_id, name, kind, params, universe, is_enabled, description, mode), UPDATE (name,
        params, universe, is_enabled, description, mode, archived_at,
        changed_at) ON strategies TO quantmatrix_app;
GRANT SELECT ON strategies TO quantmatrix_support;
GRANT SELECT ON alert_triggers TO quantmatrix_admin;
GRANT SELECT, UPDATE (acknowledged_at) ON alert_triggers TO quantmatrix_app;
GRANT SELECT, INSERT ON alert_triggers TO quantmatrix_pipeline;
GRANT SELECT ON alert_triggers TO quantmatrix_support;
GRANT SELECT ON backtest_runs TO quantmatrix_admin;
GRANT SELECT, INSERT (user_id, strategy_id, name, kind, params, universe, first_session,
        last_session, initial_capital, commission_per_trade, slippage_bps, benchmark_id,
        data_known_at, seed) ON backtest_runs TO quantmatrix_app;
GRANT SELECT, UPDATE (kind_version, code_version, data_known_at, inputs_digest, status, error,
        started_at, finished_at, final_value, total_return_pct, annualized_return_pct,
        volatility_pct, max_drawdown_pct, sharpe, sortino, win_rate_pct, profit_factor, trades,
        series_path, dagster_run_id) ON backtest_runs TO quantmatrix_pipeline;
GRANT SELECT ON backtest_runs TO quantmatrix_support;
GRANT SELECT ON strategy_performance TO quantmatrix_admin;
GRANT SELECT ON strategy_performance TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON strategy_performance TO quantmatrix_pipeline;
GRANT SELECT ON strategy_performance TO quantmatrix_support;
GRANT SELECT ON strategy_runs TO quantmatrix_support;
GRANT SELECT, INSERT ON strategy_versions TO quantmatrix_admin;
GRANT SELECT, INSERT (user_id, strategy_id, version, kind, params, universe,
        valid_from) ON strategy_versions TO quantmatrix_app;
GRANT SELECT ON strategy_versions TO quantmatrix_pipeline;
GRANT SELECT ON strategy_versions TO quantmatrix_support;
GRANT SELECT ON signals TO quantmatrix_support;
GRANT SELECT ON withheld_signals TO quantmatrix_support;
GRANT SELECT ON notification_signals TO quantmatrix_support;
GRANT SELECT ON signal_outcomes TO quantmatrix_admin;
GRANT SELECT ON signal_outcomes TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (through_session, sessions_held, highest_price, lowest_price,
        return_pct, best_pct, worst_pct, hit_target, hit_stop, closed,
        computed_at) ON signal_outcomes TO quantmatrix_pipeline;
GRANT SELECT ON signal_outcomes TO quantmatrix_support;

-- What stands where, as the models say it.
COMMENT ON COLUMN notifications.channel IS
    'The channel it goes out on.';
COMMENT ON COLUMN notifications.session IS
    'The session it is about.';
COMMENT ON COLUMN notifications.part IS
    'Counts the user''s messages of the session on the channel, from 1.';
COMMENT ON COLUMN notifications.message IS
    'What it says, in parts a channel lays out.';
COMMENT ON COLUMN notifications.status IS
    'Where it is on its way out.';
COMMENT ON COLUMN notifications.due_at IS
    'Moment (UTC) from which it may be sent.';
COMMENT ON COLUMN notifications.leased_until IS
    'Moment (UTC) until which its sender has it; null unless it is leased.';
COMMENT ON COLUMN notifications.attempts IS
    'How many times sending it was tried.';
COMMENT ON COLUMN notifications.message_id IS
    'Discord''s id of what was posted; null unless it was sent.';
COMMENT ON COLUMN notifications.reason IS
    'Why it failed, waits or was suppressed; null otherwise.';
COMMENT ON COLUMN notifications.finished_at IS
    'Moment (UTC) its way out ended; null until then.';
COMMENT ON COLUMN strategies.name IS
    'What its user calls it.';
COMMENT ON COLUMN strategies.kind IS
    'The rules it follows, by the kind''s name in the engine.';
COMMENT ON COLUMN strategies.params IS
    'The kind''s parameters that differ from its defaults, by name.';
COMMENT ON COLUMN strategies.universe IS
    'Which instruments it is asked about.';
COMMENT ON COLUMN strategies.is_enabled IS
    'Whether it is evaluated each session.';
COMMENT ON COLUMN strategies.changed_at IS
    'Moment (UTC) its settings were last changed.';
COMMENT ON COLUMN strategy_runs.strategy_id IS
    'The strategy evaluated.';
COMMENT ON COLUMN strategy_runs.session IS
    'The session it was evaluated on.';
COMMENT ON COLUMN strategy_runs.kind IS
    'The strategy''s kind at that moment.';
COMMENT ON COLUMN strategy_runs.kind_version IS
    'Version of the kind''s rules; 0 where the settings could not be read.';
COMMENT ON COLUMN strategy_runs.params IS
    'The params as used, defaults included.';
COMMENT ON COLUMN strategy_runs.universe IS
    'The universe as used.';
COMMENT ON COLUMN strategy_runs.code_version IS
    'Version of the program.';
COMMENT ON COLUMN strategy_runs.inputs_known_at IS
    'Newest moment (UTC) among the bars used; null where there were none.';
COMMENT ON COLUMN strategy_runs.status IS
    'How the evaluation ended.';
COMMENT ON COLUMN strategy_runs.error IS
    'Why it failed; null where it did not.';
COMMENT ON COLUMN strategy_runs.candidates IS
    'How many instruments it was asked about.';
COMMENT ON COLUMN strategy_runs.signals IS
    'How many signals it gave.';
COMMENT ON COLUMN strategy_runs.withheld IS
    'How many instruments it did not judge.';
COMMENT ON COLUMN strategy_runs.evaluated_at IS
    'Moment (UTC) of the evaluation.';
COMMENT ON COLUMN strategy_runs.dagster_run_id IS
    'The Dagster run it was part of; null outside Dagster.';
COMMENT ON COLUMN signals.strategy_id IS
    'The strategy that says it.';
COMMENT ON COLUMN signals.run_id IS
    'The first run that said it.';
COMMENT ON COLUMN signals.instrument_id IS
    'The instrument it is about.';
COMMENT ON COLUMN signals.session IS
    'The session it was said on.';
COMMENT ON COLUMN signals.action IS
    'What to consider doing.';
COMMENT ON COLUMN signals.level IS
    'Multiple of ATR above SMA50 of a scale-out; null otherwise.';
COMMENT ON COLUMN signals.strength IS
    'How strongly, 0 to 1.';
COMMENT ON COLUMN signals.urgency IS
    'How soon an exit asks for attention; null otherwise.';
COMMENT ON COLUMN signals.price IS
    'Close of the session.';
COMMENT ON COLUMN signals.stop IS
    'Price that ends the trade at a loss; null where nothing is bought.';
COMMENT ON COLUMN signals.target_1 IS
    'First target; null where none is set.';
COMMENT ON COLUMN signals.target_2 IS
    'Second target; null where none is set.';
COMMENT ON COLUMN signals.target_3 IS
    'Third target; null where none is set.';
COMMENT ON COLUMN signals.risk_reward IS
    '(target_1 - price) / (price - stop); null without both.';
COMMENT ON COLUMN signals.size_pct IS
    'Suggested size, percent of its basis.';
COMMENT ON COLUMN signals.size_basis IS
    'What size_pct is a part of.';
COMMENT ON COLUMN signals.trace IS
    'The rules with their values and thresholds, in order.';
COMMENT ON COLUMN withheld_signals.strategy_id IS
    'The strategy that was asked.';
COMMENT ON COLUMN withheld_signals.run_id IS
    'The first run that withheld it.';
COMMENT ON COLUMN withheld_signals.instrument_id IS
    'The instrument not judged.';
COMMENT ON COLUMN withheld_signals.session IS
    'The session it was asked about.';
COMMENT ON COLUMN withheld_signals.reason IS
    'Why it was not judged, as a word.';
COMMENT ON COLUMN withheld_signals.detail IS
    'Why it was not judged, in a sentence.';
COMMENT ON COLUMN notification_signals.notification_id IS
    'The notification that tells it.';
COMMENT ON COLUMN notification_signals.signal_id IS
    'The signal that is told.';
COMMENT ON COLUMN notification_signals.channel IS
    'The notification''s channel.';
