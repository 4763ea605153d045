-- Findings of broken contracts, and findings that belong to a user.

-- A finding in a user's row is that user's; those of market data belong to nobody and all may
-- read them.
ALTER TABLE findings ENABLE ROW LEVEL SECURITY;
ALTER TABLE findings FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON findings FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY shared_rows ON findings FOR SELECT
    TO quantmatrix_app
    USING (user_id IS NULL);
CREATE POLICY all_rows ON findings FOR ALL
    TO quantmatrix_admin, quantmatrix_pipeline
    USING (true)
    WITH CHECK (true);

-- What stands where, as the models say it.
COMMENT ON TABLE findings IS
    'Something wrong with a row of data. The row itself is kept, so that it can be released.';
