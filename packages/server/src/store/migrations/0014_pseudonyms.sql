-- What pseudonyms stand for. Added and erased, never changed. The value is sealed outside of the database.
CREATE TABLE pseudonyms (
  scope text NOT NULL,
  pseudonym text NOT NULL,
  kind text NOT NULL,
  -- AES-256-GCM: nonce (12 bytes), ciphertext, tag (16 bytes); scope, pseudonym and kind are bound to it.
  sealed bytea NOT NULL CHECK (octet_length(sealed) >= 29),
  PRIMARY KEY (scope, pseudonym)
);
