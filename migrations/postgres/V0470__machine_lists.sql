-- Files of programs and networks that opens and clicks of machines are told by: the whole file as it was loaded, who did it and when.
-- `revision` is that of the definitions with it, so that a process reads a file anew only when it is another one.
CREATE TABLE machine_list (
    list TEXT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    loaded_by TEXT NOT NULL,
    loaded_at BIGINT NOT NULL,
    file TEXT NOT NULL
);
