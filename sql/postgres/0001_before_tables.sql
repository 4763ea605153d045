-- What the tables of revision 0001 stand on: roles, a type, a sequence, and whose turn it is.

-- Roles belong to the whole server, so another database of it may have made them already, or an
-- administrator who gave them to us without the right to make roles or to pass them on.
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['quantmatrix_app', 'quantmatrix_pipeline', 'quantmatrix_admin']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        BEGIN
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
        EXCEPTION
            WHEN unique_violation THEN
                NULL;
            WHEN insufficient_privilege THEN
                IF NOT pg_has_role(CURRENT_USER, wanted, 'MEMBER') THEN
                    RAISE;
                END IF;
        END;
    END LOOP;
END
$$;

-- A text range of one value stands for the text in an exclusion constraint, without an extension.
CREATE TYPE text_range AS RANGE (subtype = text, collation = "C");

-- A new user gets the next cohort: the first 64 users have one each.
CREATE SEQUENCE user_cohorts MINVALUE 0 START 0;

-- The user a transaction runs for; NULL where none was named, and then no row is visible.
CREATE FUNCTION app_user_id() RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('app.user_id', true), '')::bigint $$;
