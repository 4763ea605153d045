-- What a review by a database engineer found, and what V1's rows had no place for.

-- Who may do what: as the models declare it (`__grants__`).
REVOKE INSERT ON audit_events FROM quantmatrix_app;
GRANT INSERT (user_id, seq, at, actor_id, actor, action, entity, entity_id, changes, request_id,
        address, key_id, previous_hash, hash) ON audit_events TO quantmatrix_app;
REVOKE INSERT ON broker_credentials FROM quantmatrix_app;
GRANT INSERT (user_id, broker, label, kind, sealed_secret, key_id, username_hint,
        expires_at) ON broker_credentials TO quantmatrix_app;
REVOKE INSERT ON categories FROM quantmatrix_app;
REVOKE UPDATE (color, kind, max_pct, min_pct, name, parent_id, rebalance_threshold_pct,
        target_pct) ON categories FROM quantmatrix_app;
GRANT INSERT (user_id, name, kind, description, parent_id, color, target_pct, min_pct, max_pct,
        rebalance_threshold_pct, is_auto_rebalanced), UPDATE (name, kind, description, parent_id,
        color, target_pct, min_pct, max_pct, rebalance_threshold_pct,
        is_auto_rebalanced) ON categories TO quantmatrix_app;
REVOKE INSERT ON watchlists FROM quantmatrix_app;
GRANT INSERT (user_id, name, position) ON watchlists TO quantmatrix_app;
REVOKE INSERT ON accounts FROM quantmatrix_app;
REVOKE UPDATE (changed_at, last_error, last_synced_at, next_sync_at,
        sync_status) ON accounts FROM quantmatrix_pipeline;
GRANT INSERT (user_id, broker, number, name, tax_treatment, is_margin, is_paper, is_active,
        base_currency, lot_method, is_sync_enabled, opened_on, closed_on,
        credential_id) ON accounts TO quantmatrix_app;
GRANT UPDATE (sync_status, last_synced_at, next_sync_at, last_error, is_day_trader, broker_kind,
        broker_status, changed_at) ON accounts TO quantmatrix_pipeline;
REVOKE INSERT ON capital_allocations FROM quantmatrix_app;
REVOKE UPDATE (allocated_amount, allocation_pct, changed_at, is_active, max_amount,
        max_portfolio_risk_pct, max_positions, max_risk_per_trade_pct, min_amount,
        position_size_pct, profit_target_pct, reinvest_pct, stop_loss_pct, valid_from,
        valid_to) ON capital_allocations FROM quantmatrix_app;
GRANT INSERT (user_id, account_id, strategy_id, allocated_amount, allocation_pct,
        position_size_pct, max_positions, max_risk_per_trade_pct, max_portfolio_risk_pct,
        reinvest_pct, profit_target_pct, stop_loss_pct, min_amount, max_amount, is_active,
        valid_from, valid_to, target_amount, scale_up_pct, scale_down_pct, next_rebalance_at,
        changed_at), UPDATE (allocated_amount, allocation_pct, position_size_pct, max_positions,
        max_risk_per_trade_pct, max_portfolio_risk_pct, reinvest_pct, profit_target_pct,
        stop_loss_pct, min_amount, max_amount, is_active, valid_from, valid_to, target_amount,
        scale_up_pct, scale_down_pct, next_rebalance_at,
        changed_at) ON capital_allocations TO quantmatrix_app;
REVOKE INSERT ON category_instruments FROM quantmatrix_app;
GRANT INSERT (user_id, category_id, account_id, instrument_id,
        share_pct) ON category_instruments TO quantmatrix_app;
GRANT UPDATE (starting_balance, interest_accrued, accrual_reversal, ending_balance,
        annual_rate_pct) ON margin_interest TO quantmatrix_pipeline;
REVOKE UPDATE (changed_at, notes, tags) ON positions FROM quantmatrix_app;
GRANT UPDATE (notes, tags, margin_priority, strategy_id,
        changed_at) ON positions TO quantmatrix_app;
REVOKE UPDATE (average_fill_price, changed_at, external_id, filled_quantity, finished_at, reason,
        status, submitted_at) ON orders FROM quantmatrix_pipeline;
GRANT UPDATE (quantity, limit_price, stop_price, status, filled_quantity, average_fill_price,
        external_id, submitted_at, finished_at, reason,
        changed_at) ON orders TO quantmatrix_pipeline;

-- What stands where, as the models say it.
COMMENT ON COLUMN option_contracts.exercise_style IS
    'When it can be exercised; null: not known.';
COMMENT ON COLUMN option_contracts.settlement IS
    'What an exercise delivers; null: not known.';
COMMENT ON COLUMN dividends.tax_withheld IS
    'Tax kept back, with the sign of the gross amount; null: not said.';
