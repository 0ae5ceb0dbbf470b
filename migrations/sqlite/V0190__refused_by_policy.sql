-- What is refused because of how it is sent is looked for often and is rare.
CREATE INDEX delivery_report_policy ON delivery_report (at) WHERE state = 'refused_by_policy';
