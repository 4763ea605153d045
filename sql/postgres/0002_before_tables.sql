-- Two more roles: who signs people in, and who helps them. Made as in 0001_before_tables.sql.

DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['quantmatrix_auth', 'quantmatrix_support']
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
