-- Answers to text messages that somebody shall look at: what was written stands in the activity, with which a row goes. The text that
-- was answered is the last one that the number had got from that sender; none where that is not known.
CREATE TABLE text_answer (
    activity_id BIGINT PRIMARY KEY REFERENCES activity (id) ON DELETE CASCADE,
    sms_message TEXT,
    journey TEXT,
    node TEXT,
    sent_at BIGINT,
    done_at BIGINT,
    done_by TEXT
);
CREATE INDEX text_answer_open ON text_answer (activity_id) WHERE done_at IS NULL;
CREATE INDEX text_answer_done ON text_answer (activity_id) WHERE done_at IS NOT NULL;
INSERT INTO text_answer (activity_id)
SELECT id FROM activity WHERE type = 'sms_received' AND person_id IS NOT NULL AND fields ->> 'for_review' = 1;
