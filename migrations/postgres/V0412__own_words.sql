-- What the person said (`unsubscribed`, `complained`), also where a harder reason stands before it.
ALTER TABLE suppression ADD COLUMN own_word TEXT;
UPDATE suppression SET own_word = reason WHERE reason IN ('unsubscribed', 'complained');
