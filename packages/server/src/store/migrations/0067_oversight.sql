-- How long the page of an approval was in view, as the browser of who was asked says. Nothing is decided by it.
CREATE TABLE approval_views (
  approval text COLLATE "C" NOT NULL REFERENCES approvals (id),
  account text COLLATE "C" NOT NULL,
  visible_ms bigint NOT NULL CHECK (visible_ms >= 0),
  reports integer NOT NULL CHECK (reports BETWEEN 1 AND 50),
  PRIMARY KEY (approval, account)
);
