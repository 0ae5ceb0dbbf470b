-- Rows are changed in place here: what PostgreSQL needs room for needs none.
SELECT 1;
