-- What was refused at once because of how it is sent is looked for as often as what was reported later.
CREATE INDEX ledger_policy ON ledger (decided_at) WHERE reason = 'refused_by_policy';
