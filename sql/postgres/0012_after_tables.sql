-- What rows of V1 hold and no table could: media of alerts, account measures, chosen lots, imports.

-- Row security: on every table with an owner, forced, so that the tables' own owner obeys too.
ALTER TABLE imports ENABLE ROW LEVEL SECURITY;
ALTER TABLE imports FORCE ROW LEVEL SECURITY;
ALTER TABLE import_rows ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_rows FORCE ROW LEVEL SECURITY;
ALTER TABLE account_performance ENABLE ROW LEVEL SECURITY;
ALTER TABLE account_performance FORCE ROW LEVEL SECURITY;
ALTER TABLE lot_choices ENABLE ROW LEVEL SECURITY;
ALTER TABLE lot_choices FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON imports FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON imports FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON import_rows FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON import_rows FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON account_performance FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON account_performance FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON lot_choices FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON lot_choices FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);

-- Who may do what: as the models declare it (`__grants__`).
REVOKE INSERT (channel, conditions, cooldown_minutes, description, expires_at, frequency,
        instrument_id, is_enabled, max_per_day, message, name, priority, universe,
        user_id) ON alert_rules FROM quantmatrix_app;
REVOKE UPDATE (archived_at, changed_at, channel, conditions, cooldown_minutes, description,
        expires_at, frequency, instrument_id, is_enabled, max_per_day, message, name, priority,
        universe) ON alert_rules FROM quantmatrix_app;
GRANT INSERT (user_id, name, description, instrument_id, universe, conditions, is_enabled,
        frequency, cooldown_minutes, max_per_day, channel, priority, message, expires_at, media,
        max_triggers), UPDATE (name, description, instrument_id, universe, conditions, is_enabled,
        frequency, cooldown_minutes, max_per_day, channel, priority, message, expires_at, media,
        max_triggers, archived_at, changed_at) ON alert_rules TO quantmatrix_app;
GRANT SELECT ON imports TO quantmatrix_admin;
GRANT SELECT ON imports TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (status, finished_at, error) ON imports TO quantmatrix_pipeline;
GRANT SELECT ON imports TO quantmatrix_support;
REVOKE INSERT (description, is_enabled, kind, mode, name, params, universe,
        user_id) ON strategies FROM quantmatrix_app;
REVOKE UPDATE (archived_at, changed_at, description, is_enabled, mode, name, params,
        universe) ON strategies FROM quantmatrix_app;
GRANT INSERT (user_id, name, kind, params, universe, is_enabled, description, mode, is_automated,
        review_on), UPDATE (name, params, universe, is_enabled, description, mode, is_automated,
        review_on, archived_at, changed_at) ON strategies TO quantmatrix_app;
REVOKE UPDATE (changed_at, currency, quiet_from, quiet_until,
        time_zone) ON user_preferences FROM quantmatrix_admin;
REVOKE UPDATE (changed_at, currency, quiet_from, quiet_until,
        time_zone) ON user_preferences FROM quantmatrix_app;
GRANT UPDATE (time_zone, currency, quiet_from, quiet_until, muted_kinds,
        changed_at) ON user_preferences TO quantmatrix_admin;
GRANT UPDATE (time_zone, currency, quiet_from, quiet_until, muted_kinds,
        changed_at) ON user_preferences TO quantmatrix_app;
GRANT SELECT ON import_rows TO quantmatrix_admin;
GRANT SELECT ON import_rows TO quantmatrix_app;
GRANT SELECT, INSERT ON import_rows TO quantmatrix_pipeline;
GRANT SELECT ON import_rows TO quantmatrix_support;
GRANT SELECT ON account_performance TO quantmatrix_admin;
GRANT SELECT ON account_performance TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON account_performance TO quantmatrix_pipeline;
GRANT SELECT ON account_performance TO quantmatrix_support;
REVOKE INSERT (account_id, allocated_amount, allocation_pct, changed_at, is_active, max_amount,
        max_portfolio_risk_pct, max_positions, max_risk_per_trade_pct, min_amount,
        next_rebalance_at, position_size_pct, profit_target_pct, reinvest_pct, scale_down_pct,
        scale_up_pct, stop_loss_pct, strategy_id, target_amount, user_id, valid_from,
        valid_to) ON capital_allocations FROM quantmatrix_app;
REVOKE UPDATE (allocated_amount, allocation_pct, changed_at, is_active, max_amount,
        max_portfolio_risk_pct, max_positions, max_risk_per_trade_pct, min_amount,
        next_rebalance_at, position_size_pct, profit_target_pct, reinvest_pct, scale_down_pct,
        scale_up_pct, stop_loss_pct, target_amount, valid_from,
        valid_to) ON capital_allocations FROM quantmatrix_app;
GRANT INSERT (user_id, account_id, strategy_id, allocated_amount, allocation_pct,
        position_size_pct, max_positions, max_risk_per_trade_pct, max_portfolio_risk_pct,
        reinvest_pct, profit_target_pct, stop_loss_pct, min_amount, max_amount, is_active,
        valid_from, valid_to, target_amount, scale_up_pct, scale_down_pct, next_rebalance_at,
        scale_factor, scales_up, scales_down, changed_at), UPDATE (allocated_amount,
        allocation_pct, position_size_pct, max_positions, max_risk_per_trade_pct,
        max_portfolio_risk_pct, reinvest_pct, profit_target_pct, stop_loss_pct, min_amount,
        max_amount, is_active, valid_from, valid_to, target_amount, scale_up_pct, scale_down_pct,
        next_rebalance_at, scale_factor, scales_up, scales_down,
        changed_at) ON capital_allocations TO quantmatrix_app;
GRANT SELECT ON lot_choices TO quantmatrix_admin;
GRANT SELECT, INSERT (user_id, account_id, closing_transaction_id, opening_transaction_id,
        ordinal, quantity), UPDATE (quantity), DELETE ON lot_choices TO quantmatrix_app;
GRANT SELECT, INSERT ON lot_choices TO quantmatrix_pipeline;
GRANT SELECT ON lot_choices TO quantmatrix_support;

-- What stands where, as the models say it.
COMMENT ON COLUMN alert_rules.conditions IS
    'A list of measure, comparison and value. All must hold; those with a `group` are alternatives by its number: all of one group suffice.';
COMMENT ON COLUMN orders.finished_at IS
    'Moment (UTC) nothing more could come of it; null while something can, or where an old record does not say.';
