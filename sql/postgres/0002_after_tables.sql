-- What holds for every table by rule: who may look in, and what stands where.

GRANT USAGE ON SCHEMA public TO quantmatrix_auth, quantmatrix_support;

-- What stands where, as the models say it.
COMMENT ON TABLE findings IS
    'Something wrong with market data. The row itself is kept, so that it can be released.';
COMMENT ON COLUMN findings.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON COLUMN findings.found_at IS
    'Moment (UTC) the row was written.';
COMMENT ON TABLE instruments IS
    'One thing that can be traded. Its id is permanent; its symbols are rows of their own.';
COMMENT ON COLUMN instruments.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON COLUMN instruments.created_at IS
    'Moment (UTC) the row was written.';
COMMENT ON TABLE provider_fetches IS
    'One answer of a provider: for which sessions, how many bars, and which state of its data.';
COMMENT ON COLUMN provider_fetches.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON TABLE users IS
    'A person who runs strategies. `cohort` is the partition their rows are computed in.';
COMMENT ON COLUMN users.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON COLUMN users.created_at IS
    'Moment (UTC) the row was written.';
COMMENT ON TABLE discord_webhooks IS
    'Where a user''s messages of one channel are posted. The address is a secret and sealed.';
COMMENT ON COLUMN discord_webhooks.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON COLUMN discord_webhooks.user_id IS
    'The user the row belongs to.';
COMMENT ON COLUMN discord_webhooks.created_at IS
    'Moment (UTC) the row was written.';
COMMENT ON TABLE instrument_symbols IS
    'A symbol an instrument has from `valid_from` until the day before `valid_to` (or on).';
COMMENT ON COLUMN instrument_symbols.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON TABLE notifications IS
    'A message to one user on one channel, on its way out.';
COMMENT ON COLUMN notifications.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON COLUMN notifications.user_id IS
    'The user the row belongs to.';
COMMENT ON COLUMN notifications.created_at IS
    'Moment (UTC) the row was written.';
COMMENT ON TABLE strategies IS
    'A kind of strategy with a user''s params. Names are unique within the user.';
COMMENT ON COLUMN strategies.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON COLUMN strategies.user_id IS
    'The user the row belongs to.';
COMMENT ON COLUMN strategies.created_at IS
    'Moment (UTC) the row was written.';
COMMENT ON COLUMN strategies.changed_at IS
    'Moment (UTC) the row was written.';
COMMENT ON TABLE strategy_runs IS
    'One evaluation of a strategy on a session. Rows are only added: a repeated session adds one.';
COMMENT ON COLUMN strategy_runs.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON COLUMN strategy_runs.user_id IS
    'The user the row belongs to.';
COMMENT ON TABLE signals IS
    'What a run says about an instrument. Never changed once written.';
COMMENT ON COLUMN signals.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON COLUMN signals.user_id IS
    'The user the row belongs to.';
COMMENT ON COLUMN signals.created_at IS
    'Moment (UTC) the row was written.';
COMMENT ON TABLE withheld_signals IS
    'An instrument a strategy was asked about and did not judge, with the reason.';
COMMENT ON COLUMN withheld_signals.id IS
    'Key, handed out by the database and never reused.';
COMMENT ON COLUMN withheld_signals.user_id IS
    'The user the row belongs to.';
COMMENT ON TABLE notification_signals IS
    'Which notification tells which signal; a signal is told once on a channel.';
COMMENT ON COLUMN notification_signals.user_id IS
    'The user the row belongs to.';
