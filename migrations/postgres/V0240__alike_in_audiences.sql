-- Accounts of which another system is told exactly alike are one there: whoever leaves asks who else is told so.
-- By hash, since what is told of an account may be longer than an entry of a tree.
CREATE INDEX destination_member_element ON destination_member USING hash (element) WHERE element IS NOT NULL;
