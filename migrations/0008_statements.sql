-- Reconciliation (对账): what channels say they did on a day, our own side of that day, and what of the two
-- does not meet. All of it belongs to the channel book.

-- One statement file, as one version of one day: a rewritten file is a version more and changes no old one.
-- A file is taken in whole, in one transaction, or not at all.
CREATE TABLE statement (
  number         integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  id             uuid NOT NULL UNIQUE,
  channel        text NOT NULL,
  account        text NOT NULL,
  day            date NOT NULL,
  version        smallint NOT NULL CHECK (version > 0),
  format         text NOT NULL,
  -- A file that our connector fetched proves; one that a person brought proves only what a query confirms.
  source         text NOT NULL CHECK (source IN ('connector', 'upload')),
  by_name        text,
  reason         text,
  file_name      text NOT NULL,
  sha256         bytea NOT NULL,
  received_at_ms bigint NOT NULL,
  line_count     integer NOT NULL,
  -- By kind and currency: count, amount and fee, as they were checked against the file's own totals.
  totals         jsonb NOT NULL,
  has_trailer    boolean NOT NULL,
  CHECK ((source = 'upload') = (by_name IS NOT NULL)),
  UNIQUE (channel, account, day, version),
  UNIQUE (channel, account, day, sha256)
);

-- Loaded by COPY and never changed; no index, because a run reads all lines of a file together.
CREATE TABLE statement_line (
  statement           integer NOT NULL,
  line_no             integer NOT NULL,
  kind                text NOT NULL,
  word                text NOT NULL,
  order_no            text,
  refund_no           text,
  transaction_no      text,
  movement_no         text,
  amount_minor        bigint NOT NULL,
  currency            text NOT NULL,
  fee_minor           bigint,
  net_minor           bigint,
  settlement_currency text NOT NULL,
  status              text NOT NULL,
  at_ms               bigint
);
CREATE INDEX statement_line_statement ON statement_line USING brin (statement);

-- One comparison of a day. What it compares is frozen in platform_entry when it begins, so that payments
-- flow on meanwhile, and doing it again finds the same.
CREATE TABLE reconciliation (
  number       integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  id           uuid NOT NULL UNIQUE,
  channel      text NOT NULL,
  account      text NOT NULL,
  day          date NOT NULL,
  -- Null: the channel says that there was no trade, and so do we.
  statement    integer REFERENCES statement (number),
  status       text NOT NULL CHECK (status IN ('comparing', 'settling', 'open', 'closed')),
  -- Up to when our books are in it.
  snapshot_ms  bigint NOT NULL,
  started_at_ms bigint NOT NULL,
  closed_at_ms bigint,
  -- Counts and sums by class, once they are known, and a digest of what was found.
  figures      jsonb,
  digest       bytea
);
CREATE INDEX reconciliation_day ON reconciliation (channel, account, day);

-- Our side of one comparison. 我方明细。
CREATE TABLE platform_entry (
  reconciliation  integer NOT NULL,
  entry_no        integer NOT NULL,
  kind            text NOT NULL,
  order_no        text,
  refund_no       text,
  transaction_no  text,
  amount_minor    bigint NOT NULL,
  currency        text NOT NULL,
  fee_minor       bigint,
  status          text NOT NULL,
  at_ms           bigint,
  -- Where it is from: this day, carried from one before, learned late, or of a later day and told early.
  origin          text NOT NULL CHECK (origin IN ('day', 'carried', 'late', 'early')),
  merchant_number integer,
  payment_id      uuid,
  attempt         smallint
);
CREATE INDEX platform_entry_reconciliation ON platform_entry USING brin (reconciliation);

-- What did not simply match: carried over, or a difference. 差异与结转。
CREATE TABLE reconciliation_item (
  reconciliation  integer NOT NULL,
  item_no         integer NOT NULL,
  -- Which side it stands on; both where line and entry were found for each other.
  side            text NOT NULL CHECK (side IN ('channel', 'platform', 'both')),
  class           text NOT NULL CHECK (class IN
    ('carried', 'channel_only', 'platform_only', 'amount', 'status', 'fee', 'duplicate', 'named')),
  kind            text NOT NULL,
  word            text,
  line_no         integer,
  entry_no        integer,
  order_no        text,
  refund_no       text,
  transaction_no  text,
  movement_no     text,
  currency        text NOT NULL,
  channel_minor   bigint,
  platform_minor  bigint,
  channel_fee_minor  bigint,
  platform_fee_minor bigint,
  channel_status  text,
  platform_status text,
  at_ms           bigint,
  -- What became of a difference: settled by a question or by the statement, or the case that is open for it.
  outcome         text CHECK (outcome IN ('settled', 'case', 'suspense')),
  outcome_words   text,
  outcome_at_ms   bigint,
  PRIMARY KEY (reconciliation, item_no)
);

-- Cases of an account's day that belong to no payment: a statement that does not come, a line that nobody
-- can name. The channel book's cases of payments stand in exception_case.
CREATE TABLE statement_case (
  id                  uuid PRIMARY KEY,
  kind                text NOT NULL,
  channel             text NOT NULL,
  account             text NOT NULL,
  day                 date NOT NULL,
  -- Unique while open: what it is about, the same whenever it is found.
  subject             text NOT NULL,
  opened_at_ms        bigint NOT NULL,
  owner               text NOT NULL,
  next_action         text NOT NULL,
  deadline_at_ms      bigint NOT NULL,
  money_at_risk_minor bigint NOT NULL,
  currency            text,
  resolved_at_ms      bigint,
  resolution          text
);
CREATE UNIQUE INDEX statement_case_open ON statement_case (channel, account, kind, subject) WHERE resolved_at_ms IS NULL;

-- Entries of the channel book's journal that belong to no payment: money nobody can name, and the day as
-- the channel settles it. Same rules as journal: two accounts, one amount, never changed, booked once.
CREATE TABLE account_journal (
  channel      text NOT NULL,
  account      text NOT NULL,
  entry        text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  currency     text NOT NULL,
  debit        text NOT NULL,
  credit       text NOT NULL CHECK (credit <> debit),
  booked_at_ms bigint NOT NULL,
  day          date NOT NULL,
  PRIMARY KEY (channel, account, entry)
);

-- The journal is read by days, backwards from now: what was booked lies together.
CREATE INDEX journal_booked_at ON journal USING brin (booked_at_ms);

-- The number sent to a channel, as src/core/id.ts makes it: 128 bits of payment id and 10 of attempt, five
-- at a time, in Crockford base32. A test compares the two. Written out, it costs a third of a loop.
CREATE FUNCTION channel_order_no(payment_id uuid, attempt integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT substr(digits, substring(bits FROM 1 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 6 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 11 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 16 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 21 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 26 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 31 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 36 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 41 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 46 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 51 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 56 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 61 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 66 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 71 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 76 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 81 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 86 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 91 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 96 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 101 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 106 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 111 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 116 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 121 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 126 FOR 5)::integer + 1, 1) ||
    substr(digits, substring(bits FROM 131 FOR 5)::integer + 1, 1) || substr(digits, substring(bits FROM 136 FOR 5)::integer + 1, 1)
  FROM (
    SELECT B'00' || ('x' || replace(payment_id::text, '-', ''))::bit(128) || attempt::bit(10) AS bits,
      '0123456789ABCDEFGHJKMNPQRSTVWXYZ' AS digits
    OFFSET 0
  ) number
$$;

-- I21, I22: reconciliation is a partition, and nothing is carried for ever.

CREATE VIEW audit_i21_line_in_two_classes AS
SELECT reconciliation, line_no, count(*) AS item_count FROM reconciliation_item
WHERE line_no IS NOT NULL GROUP BY reconciliation, line_no HAVING count(*) > 1
UNION ALL
SELECT reconciliation, entry_no, count(*) FROM reconciliation_item
WHERE entry_no IS NOT NULL GROUP BY reconciliation, entry_no HAVING count(*) > 1;

CREATE VIEW audit_i21_lines_unaccounted AS
SELECT r.number AS reconciliation, r.day, s.line_count, f.lines AS lines_in_classes
FROM reconciliation r JOIN statement s ON s.number = r.statement
CROSS JOIN LATERAL (
  SELECT coalesce(sum((figure ->> 'lineCount')::integer), 0) AS lines FROM jsonb_array_elements(r.figures) figure
) f
WHERE r.figures IS NOT NULL AND f.lines <> s.line_count;

CREATE VIEW audit_i21_statement_changed AS
SELECT s.number AS statement, s.line_count, count(l.line_no) AS stored_count
FROM statement s LEFT JOIN statement_line l ON l.statement = s.number
GROUP BY s.number, s.line_count HAVING count(l.line_no) <> s.line_count;

CREATE VIEW audit_i21_difference_unowned AS
SELECT i.reconciliation, i.item_no, i.class, i.order_no
FROM reconciliation r JOIN reconciliation_item i ON i.reconciliation = r.number
WHERE r.status = 'closed' AND i.class NOT IN ('carried', 'named') AND i.outcome IS NULL;

CREATE VIEW audit_i22_carried_twice AS
SELECT i.reconciliation, i.item_no, e.order_no, e.transaction_no, e.refund_no
FROM reconciliation_item i
JOIN platform_entry e ON e.reconciliation = i.reconciliation AND e.entry_no = i.entry_no
WHERE i.class = 'carried' AND e.origin = 'carried';

-- Of several comparisons of one day the newest counts.
CREATE VIEW audit_i22_matched_on_two_days AS
WITH newest AS (
  SELECT max(number) AS number FROM reconciliation WHERE statement IS NOT NULL GROUP BY channel, account, day
)
SELECT e.kind, e.order_no, e.transaction_no, e.refund_no, count(*) AS matched_count
FROM newest n JOIN platform_entry e ON e.reconciliation = n.number
WHERE e.payment_id IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM reconciliation_item i WHERE i.reconciliation = e.reconciliation AND i.entry_no = e.entry_no)
  -- Partial returns at a channel's console may carry no number at all.
  AND (e.kind <> 'refund' OR e.refund_no IS NOT NULL)
GROUP BY e.kind, e.order_no, e.transaction_no, e.refund_no HAVING count(*) > 1;
