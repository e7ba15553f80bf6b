-- Why somebody lets another decide is sealed from now on. The database has no keys: what it holds in clear goes; the
-- record of each delegation keeps it, sealed.
UPDATE approval_delegations SET reason = '';
