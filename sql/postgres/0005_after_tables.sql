-- Preferences, sign-in, webhooks of the system, and the audit trail.

-- Row security: on every table with an owner, forced, so that the tables' own owner obeys too.
ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;
ALTER TABLE auth_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth_tokens FORCE ROW LEVEL SECURITY;
ALTER TABLE oauth_identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE oauth_identities FORCE ROW LEVEL SECURITY;
ALTER TABLE password_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE password_credentials FORCE ROW LEVEL SECURITY;
ALTER TABLE user_preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_preferences FORCE ROW LEVEL SECURITY;

ALTER POLICY all_rows ON users
    TO quantmatrix_admin, quantmatrix_auth, quantmatrix_pipeline, quantmatrix_support;
CREATE POLICY own_rows ON audit_events FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON audit_events FOR ALL
    TO quantmatrix_admin, quantmatrix_auth, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON auth_tokens FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON auth_tokens FOR ALL
    TO quantmatrix_admin, quantmatrix_auth, quantmatrix_support
    USING (true)
    WITH CHECK (true);
ALTER POLICY all_rows ON discord_webhooks
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support;
CREATE POLICY own_rows ON oauth_identities FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON oauth_identities FOR ALL
    TO quantmatrix_auth, quantmatrix_support
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON password_credentials FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON password_credentials FOR ALL
    TO quantmatrix_auth
    USING (true)
    WITH CHECK (true);
CREATE POLICY own_rows ON user_preferences FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON user_preferences FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support
    USING (true)
    WITH CHECK (true);

-- Who may do what: as the models declare it (`__grants__`).
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_throttles TO quantmatrix_auth;
GRANT SELECT ON sign_in_throttles TO quantmatrix_support;
GRANT SELECT (id, name, email, email_verified_at, role, is_active), UPDATE (email_verified_at,
        last_sign_in_at) ON users TO quantmatrix_auth;
GRANT SELECT ON users TO quantmatrix_support;
GRANT SELECT, INSERT ON audit_events TO quantmatrix_admin;
GRANT SELECT, INSERT ON audit_events TO quantmatrix_app;
GRANT SELECT, INSERT ON audit_events TO quantmatrix_auth;
GRANT SELECT, INSERT ON audit_events TO quantmatrix_pipeline;
GRANT SELECT ON audit_events TO quantmatrix_support;
GRANT SELECT (id, user_id, kind, scopes, label, created_at, authenticated_at, seen_at,
        idle_seconds, expires_at, revoked_at),
        UPDATE (revoked_at) ON auth_tokens TO quantmatrix_admin;
GRANT SELECT (id, user_id, kind, scopes, label, created_at, authenticated_at, seen_at,
        idle_seconds, expires_at, revoked_at),
        UPDATE (revoked_at) ON auth_tokens TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (authenticated_at, seen_at,
        revoked_at) ON auth_tokens TO quantmatrix_auth;
GRANT SELECT (id, user_id, kind, scopes, label, created_at, authenticated_at, seen_at,
        idle_seconds, expires_at, revoked_at) ON auth_tokens TO quantmatrix_support;
REVOKE SELECT (busy_until, channel, created_at, disabled_at, disabled_reason, id,
        user_id) ON discord_webhooks FROM quantmatrix_app;
REVOKE UPDATE (busy_until, disabled_at,
        disabled_reason) ON discord_webhooks FROM quantmatrix_pipeline;
GRANT SELECT (id, user_id, channel, created_at, disabled_at, disabled_reason, busy_until, key_id,
        label, consecutive_failures), INSERT (user_id, channel, sealed_url, key_id, label),
        UPDATE (sealed_url, key_id, label), DELETE ON discord_webhooks TO quantmatrix_app;
GRANT UPDATE (disabled_at, disabled_reason, busy_until,
        consecutive_failures) ON discord_webhooks TO quantmatrix_pipeline;
GRANT SELECT (id, user_id, channel, created_at, disabled_at, disabled_reason, busy_until, key_id,
        label, consecutive_failures) ON discord_webhooks TO quantmatrix_support;
GRANT SELECT ON oauth_identities TO quantmatrix_app;
GRANT SELECT, INSERT, UPDATE (email, email_was_verified, last_used_at),
        DELETE ON oauth_identities TO quantmatrix_auth;
GRANT SELECT ON oauth_identities TO quantmatrix_support;
GRANT SELECT, INSERT, UPDATE (password_hash, changed_at,
        must_change) ON password_credentials TO quantmatrix_auth;
GRANT SELECT, INSERT, UPDATE (time_zone, currency, quiet_from, quiet_until,
        changed_at) ON user_preferences TO quantmatrix_admin;
GRANT SELECT, INSERT, UPDATE (time_zone, currency, quiet_from, quiet_until,
        changed_at) ON user_preferences TO quantmatrix_app;
GRANT SELECT ON user_preferences TO quantmatrix_pipeline;
GRANT SELECT ON user_preferences TO quantmatrix_support;

-- What stands where, as the models say it.
COMMENT ON COLUMN users.name IS
    'Name the user is addressed by on the command line.';
COMMENT ON COLUMN users.role IS
    'What the user may do.';
COMMENT ON COLUMN users.cohort IS
    'Partition the user''s rows are computed in, 0 to 63.';
COMMENT ON COLUMN users.is_active IS
    'Whether strategies run and signing in is allowed.';
COMMENT ON TABLE discord_webhooks IS
    'Where the messages of one channel are posted. The address is a secret and sealed.';
COMMENT ON COLUMN discord_webhooks.user_id IS
    'The user the row belongs to; null: the system''s own.';
COMMENT ON COLUMN discord_webhooks.channel IS
    'Stream of messages that is posted here.';
COMMENT ON COLUMN discord_webhooks.sealed_url IS
    'Address, sealed with a key kept outside the database; a secret.';
COMMENT ON COLUMN discord_webhooks.disabled_at IS
    'Moment (UTC) the webhook was found to be gone; null: it is in use.';
COMMENT ON COLUMN discord_webhooks.disabled_reason IS
    'Why nothing is posted here any more; null with `disabled_at`.';
COMMENT ON COLUMN discord_webhooks.busy_until IS
    'Moment (UTC) Discord asked us to wait for; null: it never did.';
