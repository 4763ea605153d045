-- The instruments a run was asked about, each list once for its user.

-- Not compressed: it would take most of the time of writing thousands of lists.
ALTER TABLE resolved_universes ALTER COLUMN instrument_ids SET STORAGE EXTERNAL;

ALTER TABLE resolved_universes ENABLE ROW LEVEL SECURITY;
ALTER TABLE resolved_universes FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON resolved_universes FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows ON resolved_universes FOR ALL
    TO quantmatrix_pipeline
    USING (true)
    WITH CHECK (true);
CREATE POLICY all_rows_to_read ON resolved_universes FOR SELECT
    TO quantmatrix_admin, quantmatrix_support USING (true);

GRANT SELECT ON resolved_universes TO quantmatrix_admin;
GRANT SELECT ON resolved_universes TO quantmatrix_app;
GRANT SELECT, INSERT ON resolved_universes TO quantmatrix_pipeline;
GRANT SELECT ON resolved_universes TO quantmatrix_support;
