-- The two books, and the small tables of what is open.
--
-- Every key starts with the merchant's number, so that merchants can be spread over databases.
-- State lives in the row and no index names it: updates stay heap-only (HOT). What is open lives in
-- small tables, so that every scan costs by what is open and not by what ever happened.
-- Times are milliseconds since 1970 (UTC); no statement uses now(): the clock is the application's.

CREATE TABLE merchant (
  number        integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (MAXVALUE 16777215),
  id            text NOT NULL UNIQUE,
  name          text NOT NULL,
  created_at_ms bigint NOT NULL,
  -- Signs the notices that go to a payment's own notice_url.
  notice_secret text NOT NULL
);

-- Payment book ---------------------------------------------------------------------------------

CREATE TABLE payment (
  merchant_number       integer NOT NULL,
  id                    uuid NOT NULL,
  merchant_order_no     text NOT NULL,
  amount_minor          bigint NOT NULL CHECK (amount_minor > 0),
  currency              text NOT NULL,
  subject               text NOT NULL,
  return_url            text,
  notice_url            text,
  metadata              jsonb,
  created_at_ms         bigint NOT NULL,
  -- What changes stands at the end of the row: an update then logs little.
  status                text NOT NULL CHECK (status IN ('pending', 'processing', 'succeeded', 'closed')),
  expires_at_ms         bigint NOT NULL,
  version               integer NOT NULL,
  tries                 jsonb NOT NULL,
  winner_attempt        smallint,
  winner_transaction_no text,
  winner_amount_minor   bigint,
  winner_paid_at_ms     bigint,
  winner_via            text,
  closing               text CHECK (closing IN ('merchant', 'expired')),
  close_reason          text CHECK (close_reason IN ('merchant', 'expired', 'never_opened')),
  surplus_received_minor bigint NOT NULL DEFAULT 0 CHECK (surplus_received_minor >= 0),
  surplus_held_minor    bigint NOT NULL DEFAULT 0 CHECK (surplus_held_minor >= 0),
  PRIMARY KEY (merchant_number, id),
  CHECK ((status = 'succeeded') = (winner_attempt IS NOT NULL)),
  CHECK (winner_amount_minor IS NULL OR winner_amount_minor = amount_minor),
  CHECK ((status = 'closed') = (close_reason IS NOT NULL))
) WITH (
  -- A row is inserted, and as a rule updated once within seconds: half of each page waits for that
  -- second version, so that the update stays on its page and touches no index (HOT).
  fillfactor = 50
);
-- It does not start with the merchant: on an empty table the planner would find it as
-- good as the primary key for "this merchant and this id", and would scan the merchant for ever after.
CREATE UNIQUE INDEX payment_merchant_order_no ON payment (merchant_order_no, merchant_number);
-- The sweep over young orders walks this; the column never changes, so updates stay heap-only.
CREATE INDEX payment_created_at ON payment (created_at_ms);

-- Channel book ---------------------------------------------------------------------------------

CREATE TABLE channel_order (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  attempt         smallint NOT NULL CHECK (attempt > 0),
  channel         text NOT NULL,
  account         text NOT NULL,
  product         text NOT NULL,
  amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
  currency        text NOT NULL,
  valid_until_ms  bigint NOT NULL,
  created_at_ms   bigint NOT NULL,
  status          text NOT NULL CHECK (status IN
    ('created', 'pending', 'unknown', 'held', 'succeeded', 'failed', 'closed', 'reversed')),
  close_step      text NOT NULL CHECK (close_step IN ('none', 'asking', 'closing', 'confirming', 'retrying')),
  query_count     integer NOT NULL,
  awaits_statement boolean NOT NULL,
  notified_at_ms  bigint,
  confirmed_by    text,
  death_evidence  text,
  failure         jsonb,
  next_action     jsonb,
  PRIMARY KEY (merchant_number, payment_id, attempt),
  -- No negative end without evidence (I6).
  CHECK (status NOT IN ('failed', 'closed') OR death_evidence IS NOT NULL)
) WITH (fillfactor = 50);

-- Both books' money. One entry moves one amount between two accounts of one book, so every posting
-- sums to zero by its shape. The entry's name is unique inside its payment: a second 'winner', or
-- the same charge booked twice, cannot be committed (I3, I9). A 'charge:…' entry of the channel book
-- is the record of the charge itself.
CREATE TABLE journal (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  book            text NOT NULL CHECK (book IN ('channel', 'payment')),
  entry           text NOT NULL,
  version         integer NOT NULL,
  amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
  currency        text NOT NULL,
  debit           text NOT NULL,
  credit          text NOT NULL CHECK (credit <> debit),
  booked_at_ms    bigint NOT NULL,
  attempt         smallint,
  transaction_no  text,
  paid_at_ms      bigint,
  via             text,
  held            boolean,
  PRIMARY KEY (merchant_number, payment_id, book, entry)
);

-- What happened to a payment, in order: each accepted input with the words that prove it.
CREATE TABLE history (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  version         integer NOT NULL,
  at_ms           bigint NOT NULL,
  input           text NOT NULL,
  attempt         smallint,
  outcome         text,
  via             text,
  operation       text,
  raw             text,
  -- One line per change, in words.
  changes         text NOT NULL,
  PRIMARY KEY (merchant_number, payment_id, version)
);

-- Cases and open work --------------------------------------------------------------------------

CREATE TABLE exception_case (
  merchant_number      integer NOT NULL,
  payment_id           uuid NOT NULL,
  id                   uuid NOT NULL,
  kind                 text NOT NULL,
  subject              text NOT NULL,
  attempt              smallint,
  opened_at_ms         bigint NOT NULL,
  owner                text NOT NULL,
  next_action          text NOT NULL,
  deadline_at_ms       bigint NOT NULL,
  money_at_risk_minor  bigint NOT NULL,
  resolved_at_ms       bigint,
  resolution           text,
  PRIMARY KEY (merchant_number, payment_id, id)
) WITH (fillfactor = 80);

-- The open ones only; at most one per payment, kind and subject.
CREATE TABLE open_case (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  kind            text NOT NULL,
  subject         text NOT NULL,
  case_id         uuid NOT NULL,
  PRIMARY KEY (merchant_number, payment_id, kind, subject)
);
-- Lists of what is open walk this, newest first.
CREATE UNIQUE INDEX open_case_id ON open_case (case_id);

-- The dropped-order table (掉单表): channel orders to ask about, and when. `lease` is the fence: it
-- rises with every claim, and a claimed row's due time is moved behind the lease.
CREATE TABLE dropped_order (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  attempt         smallint NOT NULL,
  channel         text NOT NULL,
  account         text NOT NULL,
  operation       text NOT NULL CHECK (operation IN ('query', 'close')),
  due_at_ms       bigint NOT NULL,
  lease           integer NOT NULL DEFAULT 0,
  PRIMARY KEY (merchant_number, payment_id, attempt)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX dropped_order_due ON dropped_order (channel, account, due_at_ms);

CREATE TABLE payment_expiry (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  due_at_ms       bigint NOT NULL,
  lease           integer NOT NULL DEFAULT 0,
  PRIMARY KEY (merchant_number, payment_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX payment_expiry_due ON payment_expiry (due_at_ms);

-- How far the sweep over young orders has come.
CREATE TABLE sweep (
  name         text PRIMARY KEY,
  watermark_ms bigint NOT NULL
);

-- Merchant notices -----------------------------------------------------------------------------

CREATE TABLE event (
  merchant_number integer NOT NULL,
  id              uuid NOT NULL,
  payment_id      uuid NOT NULL,
  type            text NOT NULL,
  version         integer NOT NULL,
  at_ms           bigint NOT NULL,
  subject_key     text,
  snapshot        jsonb NOT NULL,
  PRIMARY KEY (merchant_number, id)
);

CREATE TABLE webhook_endpoint (
  merchant_number integer NOT NULL,
  id              uuid NOT NULL,
  url             text NOT NULL,
  secret          text NOT NULL,
  -- The former secret still signs beside the new one until then.
  old_secret      text,
  old_secret_until_ms bigint,
  disabled_at_ms  bigint,
  created_at_ms   bigint NOT NULL,
  PRIMARY KEY (merchant_number, id)
);

-- One row per event and endpoint that has not taken it yet. The endpoint of a notice that goes to
-- the payment's own notice_url is the zero uuid.
CREATE TABLE notice (
  merchant_number integer NOT NULL,
  event_id        uuid NOT NULL,
  endpoint_id     uuid NOT NULL,
  payment_id      uuid NOT NULL,
  tries           smallint NOT NULL DEFAULT 0,
  due_at_ms       bigint NOT NULL,
  lease           integer NOT NULL DEFAULT 0,
  PRIMARY KEY (merchant_number, event_id, endpoint_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX notice_due ON notice (due_at_ms);

-- Each try of a notice, append-only.
CREATE TABLE webhook_delivery (
  merchant_number integer NOT NULL,
  event_id        uuid NOT NULL,
  endpoint_id     uuid NOT NULL,
  at_ms           bigint NOT NULL,
  duration_ms     integer NOT NULL,
  -- 0 when there was no HTTP answer; `error` then says why.
  response_status smallint NOT NULL,
  error           text,
  PRIMARY KEY (merchant_number, event_id, endpoint_id, at_ms)
);

-- Channel notifications ------------------------------------------------------------------------

-- Messages that are not in a payment's history: refused ones (not authentic, or about nothing we
-- know), and authentic ones whose decision is still to come (`notification_job`).
CREATE TABLE notification (
  id             uuid PRIMARY KEY,
  channel        text NOT NULL,
  account        text NOT NULL,
  received_at_ms bigint NOT NULL,
  headers        jsonb NOT NULL,
  body           bytea NOT NULL,
  verdict        text NOT NULL CHECK (verdict IN ('refused', 'unmatched', 'accepted')),
  reason         text
);
CREATE TABLE notification_job (
  id         uuid PRIMARY KEY,
  -- What the message proved, as it was read when its signature was verified.
  payment_key jsonb NOT NULL,
  fact       jsonb NOT NULL,
  due_at_ms  bigint NOT NULL,
  lease      integer NOT NULL DEFAULT 0
);
CREATE INDEX notification_job_due ON notification_job (due_at_ms);

-- People and keys ------------------------------------------------------------------------------

-- Keys are 256 random bits, so their SHA-256 needs no salt; the key itself is never stored.
CREATE TABLE api_key (
  hash            bytea PRIMARY KEY,
  merchant_number integer REFERENCES merchant (number),
  operator_id     uuid,
  hint            text NOT NULL,
  created_at_ms   bigint NOT NULL,
  revoked_at_ms   bigint,
  CHECK ((merchant_number IS NULL) <> (operator_id IS NULL))
);

CREATE TABLE operator (
  id            uuid PRIMARY KEY,
  name          text NOT NULL UNIQUE,
  created_at_ms bigint NOT NULL
);

CREATE TABLE idempotency_key (
  merchant_number integer NOT NULL,
  key             text NOT NULL,
  fingerprint     bytea NOT NULL,
  created_at_ms   bigint NOT NULL,
  -- Null while the request is being worked on.
  response_status smallint,
  response_body   text,
  PRIMARY KEY (merchant_number, key)
) WITH (fillfactor = 70);
-- Old keys are purged by it. A block range index costs an insert next to nothing, and lets updates stay heap-only.
CREATE INDEX idempotency_key_created_at ON idempotency_key USING brin (created_at_ms) WITH (autosummarize = on);

-- Sandbox mode only: how far the test clock is ahead of the wall clock.
CREATE TABLE test_clock (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  offset_ms bigint NOT NULL
);
INSERT INTO test_clock (offset_ms) VALUES (0);
