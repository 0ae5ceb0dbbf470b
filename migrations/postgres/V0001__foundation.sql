-- What the store itself needs: facts about the installation. Ids come from one sequence a family, `id_<family>`, made by
-- `migrate` from the list in the code.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
