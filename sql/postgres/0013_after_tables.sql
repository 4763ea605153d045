-- A role that only reads a table writes none of its rows by any policy either.

ALTER POLICY all_rows ON account_balances TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON account_balances FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON account_performance TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON account_performance FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON account_syncs TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON account_syncs FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON accounts TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON accounts FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON alert_rules TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON alert_rules FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON alert_triggers TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON alert_triggers FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON audit_events TO quantmatrix_admin, quantmatrix_auth, quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON audit_events FOR SELECT
    TO quantmatrix_support USING (true);
ALTER POLICY all_rows ON auth_tokens TO quantmatrix_admin, quantmatrix_auth;
CREATE POLICY all_rows_to_read ON auth_tokens FOR SELECT
    TO quantmatrix_support USING (true);
ALTER POLICY all_rows ON backtest_runs TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON backtest_runs FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON broker_credentials TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON broker_credentials FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
DROP POLICY all_rows ON capital_allocations;
CREATE POLICY all_rows_to_read ON capital_allocations FOR SELECT
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support USING (true);
DROP POLICY all_rows ON categories;
CREATE POLICY all_rows_to_read ON categories FOR SELECT
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support USING (true);
DROP POLICY all_rows ON category_instruments;
CREATE POLICY all_rows_to_read ON category_instruments FOR SELECT
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support USING (true);
ALTER POLICY all_rows ON discord_webhooks TO quantmatrix_admin, quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON discord_webhooks FOR SELECT
    TO quantmatrix_support USING (true);
ALTER POLICY all_rows ON dividends TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON dividends FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON fills TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON fills FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON findings TO quantmatrix_admin, quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON findings FOR SELECT
    TO quantmatrix_support USING (true);
ALTER POLICY all_rows ON holding_actions TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON holding_actions FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON import_rows TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON import_rows FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON imports TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON imports FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON lot_choices TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON lot_choices FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON lot_disposals TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON lot_disposals FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON margin_interest TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON margin_interest FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON notification_signals TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON notification_signals FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON notifications TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON notifications FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON oauth_identities TO quantmatrix_auth;
CREATE POLICY all_rows_to_read ON oauth_identities FOR SELECT
    TO quantmatrix_support USING (true);
ALTER POLICY all_rows ON orders TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON orders FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON position_snapshots TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON position_snapshots FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON positions TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON positions FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON signal_outcomes TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON signal_outcomes FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON signals TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON signals FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON strategies TO quantmatrix_admin;
CREATE POLICY all_rows_to_read ON strategies FOR SELECT
    TO quantmatrix_pipeline, quantmatrix_support USING (true);
ALTER POLICY all_rows ON strategy_performance TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON strategy_performance FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON strategy_runs TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON strategy_runs FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON strategy_versions TO quantmatrix_admin;
CREATE POLICY all_rows_to_read ON strategy_versions FOR SELECT
    TO quantmatrix_pipeline, quantmatrix_support USING (true);
ALTER POLICY all_rows ON tax_lots TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON tax_lots FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON transactions TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON transactions FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON transfers TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON transfers FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
ALTER POLICY all_rows ON user_preferences TO quantmatrix_admin;
CREATE POLICY all_rows_to_read ON user_preferences FOR SELECT
    TO quantmatrix_pipeline, quantmatrix_support USING (true);
ALTER POLICY all_rows ON users TO quantmatrix_admin, quantmatrix_auth;
CREATE POLICY all_rows_to_read ON users FOR SELECT
    TO quantmatrix_pipeline, quantmatrix_support USING (true);
ALTER POLICY all_rows ON wash_sale_adjustments TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON wash_sale_adjustments FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
DROP POLICY all_rows ON watchlist_instruments;
CREATE POLICY all_rows_to_read ON watchlist_instruments FOR SELECT
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support USING (true);
DROP POLICY all_rows ON watchlists;
CREATE POLICY all_rows_to_read ON watchlists FOR SELECT
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support USING (true);
ALTER POLICY all_rows ON withheld_signals TO quantmatrix_pipeline;
CREATE POLICY all_rows_to_read ON withheld_signals FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);
