-- Emails, templates and fragments are written by permission of their own: whoever wrote them before does so still.
UPDATE document
SET body = json_insert(body, '$.permissions[#]', 'emails:write', '$.permissions[#]', 'templates:write',
        '$.permissions[#]', 'fragments:write', '$.permissions[#]', 'fragments:publish'),
    revision = revision + 1
WHERE kind = 'access_role'
    AND EXISTS (SELECT 1 FROM json_each(body, '$.permissions') WHERE value = 'definitions:write')
    AND NOT EXISTS (SELECT 1 FROM json_each(body, '$.permissions') WHERE value = 'emails:write');
