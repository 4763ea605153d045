-- The audit trail is only added to: the database refuses anything else to everybody, its owner and a
-- superuser among them.

CREATE FUNCTION refuse_to_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: its rows are only added to', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER rows_are_kept BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change();
CREATE TRIGGER table_is_kept BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change();

-- Always: also in a session that has set session_replication_role to replica.
ALTER TABLE audit_events
    ENABLE ALWAYS TRIGGER rows_are_kept, ENABLE ALWAYS TRIGGER table_is_kept;

-- A token that was revoked, or used where it serves once, stays so: whoever may revoke one could
-- otherwise bring it back.
CREATE FUNCTION refuse_to_revive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'token % was revoked and stays so', OLD.id
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER revoked_stays_revoked BEFORE UPDATE ON auth_tokens
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
    EXECUTE FUNCTION refuse_to_revive();
