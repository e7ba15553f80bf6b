-- Whether the same call was made before: what a dashboard counts as needless.
CREATE INDEX proposals_by_digest ON proposals (digest);
