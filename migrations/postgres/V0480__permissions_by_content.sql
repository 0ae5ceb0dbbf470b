-- Emails, templates and fragments are written by permission of their own: whoever wrote them before does so still.
UPDATE document
SET body = CAST(jsonb_set(CAST(body AS JSONB), ARRAY['permissions'], CAST(body AS JSONB) -> 'permissions'
        || '["emails:write", "templates:write", "fragments:write", "fragments:publish"]') AS TEXT),
    revision = revision + 1
WHERE kind = 'access_role'
    AND CAST(body AS JSONB) -> 'permissions' @> '["definitions:write"]'
    AND NOT CAST(body AS JSONB) -> 'permissions' @> '["emails:write"]';
