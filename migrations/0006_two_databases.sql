-- For books that lie in two databases: the same tables stand in both, and each book uses its own. With
-- one database all of these stay empty.

-- The channel book's own version of a payment, which guards it as payment.version guards the payment
-- book; and, in both, when the book last changed: what a scan for internal drops walks.
CREATE TABLE book_change (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  version         integer NOT NULL,
  changed_at_ms   bigint NOT NULL,
  PRIMARY KEY (merchant_number, payment_id)
) WITH (fillfactor = 70);
CREATE INDEX book_change_changed_at ON book_change (changed_at_ms);

-- Messages to the other book that it has not taken in yet (so far as this one knows). `lease` is the
-- fence of whoever delivers them.
CREATE TABLE outbox (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  key             text NOT NULL,
  -- Messages of one payment go in the order in which they were decided.
  version         integer NOT NULL,
  position        smallint NOT NULL,
  message         jsonb NOT NULL,
  due_at_ms       bigint NOT NULL,
  lease           integer NOT NULL DEFAULT 0,
  PRIMARY KEY (merchant_number, payment_id, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX outbox_due ON outbox (due_at_ms);

-- Messages of the other book that this one has taken in: written with what they changed, or not at all.
CREATE TABLE inbox (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  key             text NOT NULL,
  taken_at_ms     bigint NOT NULL,
  PRIMARY KEY (merchant_number, payment_id, key)
);

-- The internal-drop table (内部掉单表): messages that a scan made anew from a book, because the other one
-- does not know them and nobody is bringing them.
CREATE TABLE internal_drop (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  key             text NOT NULL,
  message         jsonb NOT NULL,
  found_at_ms     bigint NOT NULL,
  due_at_ms       bigint NOT NULL,
  lease           integer NOT NULL DEFAULT 0,
  PRIMARY KEY (merchant_number, payment_id, key)
) WITH (fillfactor = 70);
CREATE INDEX internal_drop_due ON internal_drop (due_at_ms);

-- Two-phase commits: what was decided about a transaction that is prepared in the channel book's
-- database. Committed in the payment book's own transaction, so it is the commit itself; without a row
-- the prepared one is to be rolled back (presumed abort). 'abort' is written by whoever resolves one
-- that was left behind, so that its coordinator can no longer commit.
CREATE TABLE two_phase_decision (
  gid           text PRIMARY KEY,
  decision      text NOT NULL CHECK (decision IN ('commit', 'abort')),
  decided_at_ms bigint NOT NULL
);
