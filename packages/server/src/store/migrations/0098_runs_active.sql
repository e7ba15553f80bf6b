-- Each new task counts the runs that are carried, and those that wait for people are many: they are not walked over.
CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_active ON runs (id) WHERE ended_at IS NULL AND approval IS NULL;
