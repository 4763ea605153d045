-- Instruments through time, and market data beside the series.

ALTER POLICY all_rows ON findings
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support;

-- Who may do what: as the models declare it (`__grants__`).
GRANT SELECT, UPDATE (is_enabled, priority, requests_per_minute, requests_per_day,
        requests_per_month, monthly_cost_usd,
        monthly_budget_usd) ON data_providers TO quantmatrix_admin;
GRANT SELECT ON data_providers TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (consecutive_failures, last_success_at, last_failure_at, last_error,
        circuit_open_until) ON data_providers TO quantmatrix_pipeline;
GRANT SELECT ON data_providers TO quantmatrix_support;
GRANT UPDATE (name, status, delisted_on, country, description) ON instruments TO quantmatrix_admin;
GRANT UPDATE (status, delisted_on) ON instruments TO quantmatrix_pipeline;
GRANT SELECT ON instruments TO quantmatrix_support;
GRANT SELECT, UPDATE (status, reason) ON corporate_actions TO quantmatrix_admin;
GRANT SELECT ON corporate_actions TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (status, reason) ON corporate_actions TO quantmatrix_pipeline;
GRANT SELECT ON corporate_actions TO quantmatrix_support;
REVOKE UPDATE (status) ON findings FROM quantmatrix_admin;
GRANT UPDATE (status, closed_at, resolution) ON findings TO quantmatrix_admin;
GRANT SELECT ON findings TO quantmatrix_support;
GRANT SELECT, UPDATE (valid_from, valid_to) ON index_memberships TO quantmatrix_admin;
GRANT SELECT ON index_memberships TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (valid_to) ON index_memberships TO quantmatrix_pipeline;
GRANT SELECT ON index_memberships TO quantmatrix_support;
GRANT SELECT ON instrument_classifications TO quantmatrix_admin;
GRANT SELECT ON instrument_classifications TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (valid_to) ON instrument_classifications TO quantmatrix_pipeline;
GRANT SELECT ON instrument_classifications TO quantmatrix_support;
GRANT SELECT, UPDATE (value, valid_from, valid_to) ON instrument_identifiers TO quantmatrix_admin;
GRANT SELECT ON instrument_identifiers TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (valid_to) ON instrument_identifiers TO quantmatrix_pipeline;
GRANT SELECT ON instrument_identifiers TO quantmatrix_support;
REVOKE UPDATE (valid_from) ON instrument_symbols FROM quantmatrix_pipeline;
GRANT UPDATE (valid_from, valid_to) ON instrument_symbols TO quantmatrix_pipeline;
GRANT SELECT ON instrument_symbols TO quantmatrix_support;
GRANT SELECT ON market_snapshots TO quantmatrix_admin;
GRANT SELECT ON market_snapshots TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON market_snapshots TO quantmatrix_pipeline;
GRANT SELECT ON market_snapshots TO quantmatrix_support;
GRANT SELECT ON option_contracts TO quantmatrix_admin;
GRANT SELECT ON option_contracts TO quantmatrix_app;
GRANT SELECT, INSERT ON option_contracts TO quantmatrix_pipeline;
GRANT SELECT ON option_contracts TO quantmatrix_support;
GRANT SELECT ON provider_fetches TO quantmatrix_support;
GRANT SELECT ON provider_usage TO quantmatrix_admin;
GRANT SELECT ON provider_usage TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (requests, failures) ON provider_usage TO quantmatrix_pipeline;
GRANT SELECT ON provider_usage TO quantmatrix_support;

-- What stands where, as the models say it.
COMMENT ON COLUMN instruments.kind IS
    'What it is: a stock, a fund, an option.';
COMMENT ON COLUMN instruments.exchange IS
    'Exchange it was first listed under here, ISO 10383 MIC.';
COMMENT ON COLUMN instruments.currency IS
    'Currency it trades in, ISO 4217.';
COMMENT ON COLUMN instruments.name IS
    'Full name; null: no provider gave one.';
COMMENT ON COLUMN findings.provider IS
    'The provider that delivered the data.';
COMMENT ON COLUMN findings.symbol IS
    'The provider''s symbol; null: unreadable, or a whole file.';
COMMENT ON COLUMN findings.session IS
    'Session the row is about; null: unreadable, or a whole file.';
COMMENT ON COLUMN findings.rule IS
    'The rule that was broken.';
COMMENT ON COLUMN findings."column" IS
    'The column at fault; null: the row as a whole.';
COMMENT ON COLUMN findings.value IS
    'The value found, as text; null: none.';
COMMENT ON COLUMN findings.expected IS
    'What would be right, for a person.';
COMMENT ON COLUMN findings.severity IS
    'How much the finding weighs.';
COMMENT ON COLUMN findings.source IS
    'Where the row was read: the name of a file or a request.';
COMMENT ON COLUMN findings.source_row IS
    'Line of the file, its header being line 1; null: no line.';
COMMENT ON COLUMN findings.row IS
    'The row as it was delivered; null: there is none.';
COMMENT ON COLUMN findings.status IS
    'What became of it; a bar with an open finding stays in quarantine.';
COMMENT ON COLUMN instrument_symbols.instrument_id IS
    'The instrument that has the symbol.';
COMMENT ON COLUMN instrument_symbols.symbol IS
    'The symbol, as the exchange writes it.';
COMMENT ON COLUMN instrument_symbols.exchange IS
    'Exchange the symbol is used on, ISO 10383 MIC.';
COMMENT ON COLUMN instrument_symbols.valid_from IS
    'First date the symbol meant the instrument.';
COMMENT ON COLUMN instrument_symbols.valid_to IS
    'First date it no longer did; null: it still does.';
COMMENT ON COLUMN provider_fetches.provider IS
    'The provider that was asked.';
COMMENT ON COLUMN provider_fetches.version IS
    'State of the provider''s data, in its own words; a new one is fetched anew.';
COMMENT ON COLUMN provider_fetches.first_session IS
    'First session asked for.';
COMMENT ON COLUMN provider_fetches.last_session IS
    'Last session asked for.';
COMMENT ON COLUMN provider_fetches.bars IS
    'Bars in the answer.';
COMMENT ON COLUMN provider_fetches.new_bars IS
    'Those of them that were not stored before.';
COMMENT ON COLUMN provider_fetches.fetched_at IS
    'Moment (UTC) of the answer.';
COMMENT ON COLUMN provider_fetches.dagster_run_id IS
    'The Dagster run that asked.';
