-- Whether a user is told by mail, besides in the app, who mentions them in comments.
ALTER TABLE app_user ADD COLUMN told_by_mail BOOLEAN NOT NULL DEFAULT TRUE;
