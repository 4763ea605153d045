-- What users limit, one row a user.

ALTER TABLE risk_limits ENABLE ROW LEVEL SECURITY;
ALTER TABLE risk_limits FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON risk_limits FOR ALL
    TO quantmatrix_app
    USING (user_id = (SELECT app_user_id()))
    WITH CHECK (user_id = (SELECT app_user_id()));
CREATE POLICY all_rows_to_read ON risk_limits FOR SELECT
    TO quantmatrix_admin, quantmatrix_pipeline, quantmatrix_support USING (true);

GRANT SELECT ON risk_limits TO quantmatrix_admin;
GRANT SELECT, INSERT (user_id, max_position_pct, max_sector_pct, max_heat_pct, max_positions),
    UPDATE (max_position_pct, max_sector_pct, max_heat_pct, max_positions, changed_at)
    ON risk_limits TO quantmatrix_app;
GRANT SELECT ON risk_limits TO quantmatrix_pipeline;
GRANT SELECT ON risk_limits TO quantmatrix_support;
