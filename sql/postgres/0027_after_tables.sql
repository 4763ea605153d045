-- Failures administrators were told of are rows of the strategy's user.

ALTER TABLE told_failures ENABLE ROW LEVEL SECURITY;
ALTER TABLE told_failures FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON told_failures FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON told_failures FOR ALL
    TO quantmatrix_pipeline
    USING (true)
    WITH CHECK (true);
CREATE POLICY all_rows_to_read ON told_failures FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);

GRANT SELECT, INSERT ON told_failures TO quantmatrix_pipeline;
GRANT SELECT ON told_failures TO quantmatrix_admin, quantmatrix_support;
