-- Who may do what with the tables of revision 0001.
--
-- quantmatrix_app       one user's rows, the user named by app.user_id
-- quantmatrix_pipeline  every user's rows, and only what the chain reads and writes
-- quantmatrix_admin     users and their settings

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO quantmatrix_app, quantmatrix_pipeline, quantmatrix_admin;

-- Row security: on every table with an owner, forced, so that the tables' own owner obeys too.
DO $$
DECLARE tenant text; key text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY[
        'users', 'discord_webhooks', 'strategies', 'strategy_runs', 'withheld_signals',
        'signals', 'notifications', 'notification_signals'
    ]
    LOOP
        key := CASE WHEN tenant = 'users' THEN 'id' ELSE 'user_id' END;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format(
            'CREATE POLICY own_rows ON %I TO quantmatrix_app
                 USING (%I = (SELECT app_user_id())) WITH CHECK (%I = (SELECT app_user_id()))',
            tenant, key, key);
        EXECUTE format(
            'CREATE POLICY all_rows ON %I TO quantmatrix_pipeline, quantmatrix_admin
                 USING (true) WITH CHECK (true)',
            tenant);
    END LOOP;
END
$$;

GRANT SELECT ON users, strategies, strategy_runs, withheld_signals, signals, notifications,
    notification_signals, instruments, instrument_symbols, findings, provider_fetches
    TO quantmatrix_app;
GRANT SELECT (id, user_id, channel, created_at, disabled_at, disabled_reason, busy_until)
    ON discord_webhooks TO quantmatrix_app;
GRANT UPDATE (name, params, universe, is_enabled, changed_at) ON strategies TO quantmatrix_app;

GRANT SELECT ON users, discord_webhooks, strategies TO quantmatrix_pipeline;
GRANT UPDATE (disabled_at, disabled_reason, busy_until) ON discord_webhooks TO quantmatrix_pipeline;
GRANT SELECT, INSERT ON strategy_runs, withheld_signals, signals, notification_signals, instruments,
    instrument_symbols, findings, provider_fetches TO quantmatrix_pipeline;
GRANT UPDATE (valid_from) ON instrument_symbols TO quantmatrix_pipeline;
GRANT SELECT, INSERT ON notifications TO quantmatrix_pipeline;
GRANT UPDATE (status, due_at, leased_until, attempts, message_id, reason, finished_at)
    ON notifications TO quantmatrix_pipeline;

GRANT SELECT, INSERT, UPDATE ON users, strategies, discord_webhooks TO quantmatrix_admin;
GRANT SELECT ON strategy_runs, withheld_signals, signals, notifications, notification_signals,
    instruments, instrument_symbols, findings, provider_fetches TO quantmatrix_admin;
GRANT UPDATE (status) ON findings TO quantmatrix_admin;
GRANT USAGE ON SEQUENCE user_cohorts TO quantmatrix_admin;
GRANT SELECT, USAGE ON SEQUENCE strategy_runs_id_seq, instruments_id_seq, notifications_id_seq
    TO quantmatrix_pipeline;
