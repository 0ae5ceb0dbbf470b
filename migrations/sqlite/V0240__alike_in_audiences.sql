-- Accounts of which another system is told exactly alike are one there: whoever leaves asks who else is told so.
CREATE INDEX destination_member_element ON destination_member (audience_id, element) WHERE element IS NOT NULL;
