-- When the person behind a session last proved who they are: by the password, or as the identity provider says
-- (`auth_time`). Null: nobody has said. What changes rights or stops the house asks for a fresh proof in a browser.
ALTER TABLE identity_sessions ADD COLUMN proven_at timestamptz;
