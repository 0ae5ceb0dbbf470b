-- Lists of definitions begin with what was changed last.
CREATE INDEX document_updated ON document (kind, updated_at, id);
