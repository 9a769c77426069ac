-- The leanest tables that can hold one successful asynchronous payment durably.
CREATE TABLE orders (
  id bigint PRIMARY KEY, merchant integer NOT NULL, merchant_no text NOT NULL, amount bigint NOT NULL,
  currency char(3) NOT NULL, state smallint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
  paid_at timestamptz, paid_try bigint, UNIQUE (merchant, merchant_no)
) WITH (fillfactor = 80);
CREATE TABLE tries (
  id bigint PRIMARY KEY, order_id bigint NOT NULL, channel smallint NOT NULL, channel_no text,
  amount bigint NOT NULL, state smallint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX tries_order ON tries (order_id);
CREATE TABLE inbox (
  channel smallint NOT NULL, message_no text NOT NULL, try_id bigint NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(), body jsonb NOT NULL, PRIMARY KEY (channel, message_no)
);
CREATE TABLE notices (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint NOT NULL,
  due_at timestamptz NOT NULL DEFAULT now(), tries smallint NOT NULL DEFAULT 0, body jsonb NOT NULL
);
CREATE SEQUENCE order_ids CACHE 1000;
