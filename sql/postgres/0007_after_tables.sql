-- Accounts, positions, transactions and tax lots.

-- Row security: on every table with an owner, forced, so that the tables' own owner obeys too.
ALTER TABLE broker_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE broker_credentials FORCE ROW LEVEL SECURITY;
ALTER TABLE categories ENABLE ROW LEVEL SECURITY;
ALTER TABLE categories FORCE ROW LEVEL SECURITY;
ALTER TABLE watchlists ENABLE ROW LEVEL SECURITY;
ALTER TABLE watchlists FORCE ROW LEVEL SECURITY;
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
ALTER TABLE watchlist_instruments ENABLE ROW LEVEL SECURITY;
ALTER TABLE watchlist_instruments FORCE ROW LEVEL SECURITY;
ALTER TABLE account_balances ENABLE ROW LEVEL SECURITY;
ALTER TABLE account_balances FORCE ROW LEVEL SECURITY;
ALTER TABLE account_syncs ENABLE ROW LEVEL SECURITY;
ALTER TABLE account_syncs FORCE ROW LEVEL SECURITY;
ALTER TABLE capital_allocations ENABLE ROW LEVEL SECURITY;
ALTER TABLE capital_allocations FORCE ROW LEVEL SECURITY;
ALTER TABLE category_instruments ENABLE ROW LEVEL SECURITY;
ALTER TABLE category_instruments FORCE ROW LEVEL SECURITY;
ALTER TABLE margin_interest ENABLE ROW LEVEL SECURITY;
ALTER TABLE margin_interest FORCE ROW LEVEL SECURITY;
ALTER TABLE position_snapshots ENABLE ROW LEVEL SECURITY;
ALTER TABLE position_snapshots FORCE ROW LEVEL SECURITY;
ALTER TABLE positions ENABLE ROW LEVEL SECURITY;
ALTER TABLE positions FORCE ROW LEVEL SECURITY;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE fills ENABLE ROW LEVEL SECURITY;
ALTER TABLE fills FORCE ROW LEVEL SECURITY;
ALTER TABLE transactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE transactions FORCE ROW LEVEL SECURITY;
ALTER TABLE dividends ENABLE ROW LEVEL SECURITY;
ALTER TABLE dividends FORCE ROW LEVEL SECURITY;
ALTER TABLE holding_actions ENABLE ROW LEVEL SECURITY;
ALTER TABLE holding_actions FORCE ROW LEVEL SECURITY;
ALTER TABLE tax_lots ENABLE ROW LEVEL SECURITY;
ALTER TABLE tax_lots FORCE ROW LEVEL SECURITY;
ALTER TABLE transfers ENABLE ROW LEVEL SECURITY;
ALTER TABLE transfers FORCE ROW LEVEL SECURITY;
ALTER TABLE lot_disposals ENABLE ROW LEVEL SECURITY;
ALTER TABLE lot_disposals FORCE ROW LEVEL SECURITY;
ALTER TABLE wash_sale_adjustments ENABLE ROW LEVEL SECURITY;
ALTER TABLE wash_sale_adjustments FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON broker_credentials FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON broker_credentials FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON categories FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON categories FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON watchlists FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON watchlists FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON accounts FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON accounts FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON watchlist_instruments FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON watchlist_instruments FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON account_balances FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON account_balances FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON account_syncs FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON account_syncs FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON capital_allocations FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON capital_allocations FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON category_instruments FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON category_instruments FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON margin_interest FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON margin_interest FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON position_snapshots FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON position_snapshots FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON positions FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON positions FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON orders FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON orders FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON fills FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON fills FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON transactions FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON transactions FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON dividends FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON dividends FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON holding_actions FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON holding_actions FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON tax_lots FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON tax_lots FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON transfers FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON transfers FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON lot_disposals FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON lot_disposals FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON wash_sale_adjustments FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON wash_sale_adjustments FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);

-- Who may do what: as the models declare it (`__grants__`).
GRANT SELECT (id, user_id, broker, label, kind, key_id, username_hint, expires_at, created_at,
        changed_at, rotated_at, last_used_at,
        last_error) ON broker_credentials TO quantmatrix_admin;
GRANT SELECT (id, user_id, broker, label, kind, key_id, username_hint, expires_at, created_at,
        changed_at, rotated_at, last_used_at, last_error), INSERT, UPDATE (sealed_secret, key_id,
        expires_at, changed_at), DELETE ON broker_credentials TO quantmatrix_app;
GRANT SELECT, UPDATE (sealed_secret, key_id, expires_at, changed_at, rotated_at, last_used_at,
        last_error) ON broker_credentials TO quantmatrix_pipeline;
GRANT SELECT (id, user_id, broker, label, kind, key_id, username_hint, expires_at, created_at,
        changed_at, rotated_at, last_used_at,
        last_error) ON broker_credentials TO quantmatrix_support;
GRANT SELECT ON categories TO quantmatrix_admin;
GRANT SELECT, INSERT, UPDATE (name, kind, parent_id, color, target_pct, min_pct, max_pct,
        rebalance_threshold_pct), DELETE ON categories TO quantmatrix_app;
GRANT SELECT ON categories TO quantmatrix_pipeline;
GRANT SELECT ON categories TO quantmatrix_support;
GRANT SELECT ON watchlists TO quantmatrix_admin;
GRANT SELECT, INSERT, UPDATE (name, position), DELETE ON watchlists TO quantmatrix_app;
GRANT SELECT ON watchlists TO quantmatrix_pipeline;
GRANT SELECT ON watchlists TO quantmatrix_support;
GRANT SELECT ON accounts TO quantmatrix_admin;
GRANT SELECT, INSERT, UPDATE (name, tax_treatment, lot_method, is_active, is_sync_enabled,
        opened_on, closed_on, credential_id, changed_at) ON accounts TO quantmatrix_app;
GRANT SELECT, UPDATE (sync_status, last_synced_at, next_sync_at, last_error,
        changed_at) ON accounts TO quantmatrix_pipeline;
GRANT SELECT ON accounts TO quantmatrix_support;
GRANT SELECT ON watchlist_instruments TO quantmatrix_admin;
GRANT SELECT, INSERT, UPDATE (note), DELETE ON watchlist_instruments TO quantmatrix_app;
GRANT SELECT ON watchlist_instruments TO quantmatrix_pipeline;
GRANT SELECT ON watchlist_instruments TO quantmatrix_support;
GRANT SELECT ON account_balances TO quantmatrix_admin;
GRANT SELECT ON account_balances TO quantmatrix_app;
GRANT SELECT, INSERT ON account_balances TO quantmatrix_pipeline;
GRANT SELECT ON account_balances TO quantmatrix_support;
GRANT SELECT ON account_syncs TO quantmatrix_admin;
GRANT SELECT ON account_syncs TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (status, finished_at, from_date, to_date, rows_read, rows_added,
        rows_unchanged, rows_refused, refused, error) ON account_syncs TO quantmatrix_pipeline;
GRANT SELECT ON account_syncs TO quantmatrix_support;
GRANT SELECT ON capital_allocations TO quantmatrix_admin;
GRANT SELECT, INSERT, UPDATE (allocated_amount, allocation_pct, position_size_pct, max_positions,
        max_risk_per_trade_pct, max_portfolio_risk_pct, reinvest_pct, profit_target_pct,
        stop_loss_pct, min_amount, max_amount, is_active, valid_from, valid_to,
        changed_at) ON capital_allocations TO quantmatrix_app;
GRANT SELECT ON capital_allocations TO quantmatrix_pipeline;
GRANT SELECT ON capital_allocations TO quantmatrix_support;
GRANT SELECT ON category_instruments TO quantmatrix_admin;
GRANT SELECT, INSERT, UPDATE (share_pct), DELETE ON category_instruments TO quantmatrix_app;
GRANT SELECT ON category_instruments TO quantmatrix_pipeline;
GRANT SELECT ON category_instruments TO quantmatrix_support;
GRANT SELECT ON margin_interest TO quantmatrix_admin;
GRANT SELECT ON margin_interest TO quantmatrix_app;
GRANT SELECT, INSERT ON margin_interest TO quantmatrix_pipeline;
GRANT SELECT ON margin_interest TO quantmatrix_support;
GRANT SELECT ON position_snapshots TO quantmatrix_admin;
GRANT SELECT ON position_snapshots TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (quantity, price, market_value, average_cost, cost_basis,
        unrealized_pnl, stated_at) ON position_snapshots TO quantmatrix_pipeline;
GRANT SELECT ON position_snapshots TO quantmatrix_support;
GRANT SELECT ON positions TO quantmatrix_admin;
GRANT SELECT, UPDATE (notes, tags, changed_at) ON positions TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON positions TO quantmatrix_pipeline;
GRANT SELECT ON positions TO quantmatrix_support;
GRANT SELECT ON orders TO quantmatrix_admin;
GRANT SELECT ON orders TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (status, filled_quantity, average_fill_price, external_id,
        submitted_at, finished_at, reason, changed_at) ON orders TO quantmatrix_pipeline;
GRANT SELECT ON orders TO quantmatrix_support;
GRANT SELECT ON fills TO quantmatrix_admin;
GRANT SELECT ON fills TO quantmatrix_app;
GRANT SELECT, INSERT ON fills TO quantmatrix_pipeline;
GRANT SELECT ON fills TO quantmatrix_support;
GRANT SELECT ON transactions TO quantmatrix_admin;
GRANT SELECT ON transactions TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (position_id) ON transactions TO quantmatrix_pipeline;
GRANT SELECT ON transactions TO quantmatrix_support;
GRANT SELECT ON dividends TO quantmatrix_admin;
GRANT SELECT ON dividends TO quantmatrix_app;
GRANT SELECT, INSERT ON dividends TO quantmatrix_pipeline;
GRANT SELECT ON dividends TO quantmatrix_support;
GRANT SELECT ON holding_actions TO quantmatrix_admin;
GRANT SELECT ON holding_actions TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (transaction_id, quantity_before, quantity_after,
        basis_moved_pct) ON holding_actions TO quantmatrix_pipeline;
GRANT SELECT ON holding_actions TO quantmatrix_support;
GRANT SELECT ON tax_lots TO quantmatrix_admin;
GRANT SELECT ON tax_lots TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON tax_lots TO quantmatrix_pipeline;
GRANT SELECT ON tax_lots TO quantmatrix_support;
GRANT SELECT ON transfers TO quantmatrix_admin;
GRANT SELECT ON transfers TO quantmatrix_app;
GRANT SELECT, INSERT ON transfers TO quantmatrix_pipeline;
GRANT SELECT ON transfers TO quantmatrix_support;
GRANT SELECT ON lot_disposals TO quantmatrix_admin;
GRANT SELECT ON lot_disposals TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON lot_disposals TO quantmatrix_pipeline;
GRANT SELECT ON lot_disposals TO quantmatrix_support;
GRANT SELECT ON wash_sale_adjustments TO quantmatrix_admin;
GRANT SELECT ON wash_sale_adjustments TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON wash_sale_adjustments TO quantmatrix_pipeline;
GRANT SELECT ON wash_sale_adjustments TO quantmatrix_support;
