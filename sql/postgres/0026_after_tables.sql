-- The stages of signals belong to their user, as the signals do.

ALTER TABLE signal_stages ENABLE ROW LEVEL SECURITY;
ALTER TABLE signal_stages FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON signal_stages FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON signal_stages FOR ALL
    TO quantmatrix_pipeline
    USING (true)
    WITH CHECK (true);
CREATE POLICY all_rows_to_read ON signal_stages FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);

GRANT SELECT ON signal_stages
    TO quantmatrix_app, quantmatrix_admin, quantmatrix_support;
GRANT SELECT, INSERT ON signal_stages TO quantmatrix_pipeline;
GRANT UPDATE (stage) ON signal_outcomes TO quantmatrix_pipeline;
