-- The user a transaction runs for, bound to what it names when it is made: no search path and no
-- object of a session can stand in for it.
CREATE OR REPLACE FUNCTION app_user_id() RETURNS bigint LANGUAGE sql STABLE
    RETURN nullif(pg_catalog.current_setting('app.user_id', true), '')::bigint;
