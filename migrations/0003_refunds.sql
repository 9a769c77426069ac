-- Returning money: what the payment book owes, what the channel book sends, and the brake between them.

ALTER TABLE merchant ADD COLUMN late_payment text NOT NULL DEFAULT 'refund'
  CHECK (late_payment IN ('refund', 'accept_if_paid_before_expiry', 'accept'));

-- Null stands for nothing: most payments are never refunded, and pay nothing for these columns.
ALTER TABLE payment
  ADD COLUMN late_payment text CHECK (late_payment IN ('accept_if_paid_before_expiry', 'accept')),
  ADD COLUMN refund_count smallint,
  ADD COLUMN refund_reserved_minor bigint,
  ADD COLUMN foreign_returned_minor bigint,
  ADD COLUMN surplus_taken_back_minor bigint,
  ADD COLUMN reversed_at_ms bigint,
  -- No commit can set aside more for refunds than the winner brought in (I4).
  ADD CONSTRAINT payment_refund_reserve
    CHECK (coalesce(refund_reserved_minor, 0) BETWEEN 0 AND coalesce(winner_amount_minor, 0));

-- Payment book: one row per refund that is owed, or was.
CREATE TABLE refund (
  merchant_number    integer NOT NULL,
  payment_id         uuid NOT NULL,
  -- One return per charge, whatever the cause; one refund per merchant's number (I5).
  key                text NOT NULL,
  id                 uuid NOT NULL,
  merchant_refund_no text,
  attempt            smallint NOT NULL,
  transaction_no     text NOT NULL,
  amount_minor       bigint NOT NULL CHECK (amount_minor > 0),
  currency           text NOT NULL,
  reason             text NOT NULL CHECK (reason IN ('requested', 'duplicate', 'late', 'mismatch')),
  note               text,
  created_at_ms      bigint NOT NULL,
  status             text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'requires_action')),
  failure            jsonb,
  returned_at_ms     bigint,
  PRIMARY KEY (merchant_number, payment_id, key),
  CHECK ((status = 'succeeded') = (returned_at_ms IS NOT NULL)),
  CHECK ((reason = 'requested') = (merchant_refund_no IS NOT NULL))
) WITH (fillfactor = 70);
-- They do not start with the merchant, for the reason given at payment_merchant_order_no.
CREATE UNIQUE INDEX refund_id ON refund (id, merchant_number);
CREATE UNIQUE INDEX refund_merchant_refund_no ON refund (merchant_refund_no, merchant_number)
  WHERE merchant_refund_no IS NOT NULL;

-- Channel book: one row per number that was, or is to be, sent to a channel.
CREATE TABLE channel_refund (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  attempt         smallint NOT NULL,
  number          smallint NOT NULL CHECK (number > 0),
  refund_key      text NOT NULL,
  round           smallint NOT NULL,
  transaction_no  text NOT NULL,
  amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
  currency        text NOT NULL,
  is_automatic    boolean NOT NULL,
  created_at_ms   bigint NOT NULL,
  status          text NOT NULL CHECK (status IN
    ('owed', 'held_back', 'sending', 'pending', 'unknown', 'succeeded', 'failed', 'requires_action')),
  send_at_ms      bigint NOT NULL,
  sent_at_ms      bigint,
  query_count     integer NOT NULL,
  refund_id       text,
  refunded_at_ms  bigint,
  confirmed_by    text,
  is_extra        boolean NOT NULL,
  failure         jsonb,
  PRIMARY KEY (merchant_number, payment_id, attempt, number),
  CHECK (status <> 'succeeded' OR refund_id IS NOT NULL),
  CHECK (status <> 'failed' OR failure IS NOT NULL)
) WITH (fillfactor = 70);

-- Channel refunds to send and to ask about, and when; `lease` is the fence, as in dropped_order. What the
-- brake holds back waits here without a time.
CREATE TABLE refund_job (
  merchant_number integer NOT NULL,
  payment_id      uuid NOT NULL,
  attempt         smallint NOT NULL,
  number          smallint NOT NULL,
  channel         text NOT NULL,
  account         text NOT NULL,
  operation       text NOT NULL CHECK (operation IN ('send', 'query', 'held')),
  due_at_ms       bigint NOT NULL,
  lease           integer NOT NULL DEFAULT 0,
  PRIMARY KEY (merchant_number, payment_id, attempt, number)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX refund_job_due ON refund_job (channel, account, due_at_ms);

-- The brake on automatic money out: what this hour has sent, per channel account and currency.
CREATE TABLE refund_brake (
  channel    text NOT NULL,
  account    text NOT NULL,
  currency   text NOT NULL,
  hour_ms    bigint NOT NULL,
  sent_count integer NOT NULL,
  sent_minor bigint NOT NULL,
  PRIMARY KEY (channel, account, currency)
);

-- The switch: while a row stands here, no automatic refund of that account leaves.
CREATE TABLE refund_hold (
  channel    text NOT NULL,
  account    text NOT NULL,
  by_name    text NOT NULL,
  reason     text NOT NULL,
  since_ms   bigint NOT NULL,
  PRIMARY KEY (channel, account)
);
