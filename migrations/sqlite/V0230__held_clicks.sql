-- Clicks that nobody is told of yet: what is followed next may show that a machine made them. Told at `due_at`.
CREATE TABLE held_click (
    effect_id BIGINT NOT NULL,
    link BIGINT NOT NULL,
    at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    type TEXT NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (effect_id, link, at)
) WITHOUT ROWID;
CREATE INDEX held_click_due ON held_click (due_at);
