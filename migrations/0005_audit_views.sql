-- The invariants as views. Each must be empty: `tieout audit` reads them, and so may anybody with psql.
-- Names are audit_iNN_what; NN is the invariant's number. They read everything, so they are for an audit
-- and not for the path of a payment. Where a row is only late and not wrong it carries `since_ms`, and
-- counts once that is long ago. See docs/decisions/0010.

-- I1: money beside the winner ------------------------------------------------------------------

CREATE VIEW audit_i01_surplus_unowned AS
SELECT j.merchant_number, j.payment_id, j.entry, r.status
FROM journal j LEFT JOIN refund r
  ON r.merchant_number = j.merchant_number AND r.payment_id = j.payment_id AND r.key = j.entry
WHERE j.book = 'payment' AND j.entry LIKE 'surplus:%' AND (
  r.key IS NULL OR (r.status IN ('pending', 'requires_action')
    AND NOT EXISTS (
      SELECT 1 FROM channel_refund c JOIN refund_job q
        ON q.merchant_number = c.merchant_number AND q.payment_id = c.payment_id
        AND q.attempt = c.attempt AND q.number = c.number
      WHERE c.merchant_number = r.merchant_number AND c.payment_id = r.payment_id AND c.refund_key = r.key)
    AND NOT EXISTS (
      SELECT 1 FROM open_case o WHERE o.merchant_number = r.merchant_number AND o.payment_id = r.payment_id
        AND o.kind = 'failed_refund' AND o.subject = r.key)));

CREATE VIEW audit_i01_held_unowned AS
SELECT j.merchant_number, j.payment_id, j.entry
FROM journal j
WHERE j.book = 'channel' AND j.entry LIKE 'charge:%' AND j.held
  AND NOT EXISTS (
    SELECT 1 FROM journal l WHERE l.merchant_number = j.merchant_number AND l.payment_id = j.payment_id
      AND l.book = 'channel'
      AND l.entry IN ('released:' || substr(j.entry, 8), 'reversed:' || substr(j.entry, 8)))
  AND NOT EXISTS (
    SELECT 1 FROM open_case o WHERE o.merchant_number = j.merchant_number AND o.payment_id = j.payment_id
      AND o.kind = 'amount_mismatch' AND o.subject = j.attempt::text);

-- I2, I3: the winner ---------------------------------------------------------------------------

CREATE VIEW audit_i02_winner_not_charged AS
SELECT p.merchant_number, p.id AS payment_id, p.winner_transaction_no
FROM payment p
WHERE p.status = 'succeeded' AND NOT EXISTS (
  SELECT 1 FROM journal j WHERE j.merchant_number = p.merchant_number AND j.payment_id = p.id
    AND j.book = 'channel' AND j.entry = 'charge:' || p.winner_attempt || ':' || p.winner_transaction_no
    AND NOT j.held AND j.amount_minor = p.amount_minor AND j.currency = p.currency);

CREATE VIEW audit_i03_winner_not_booked AS
SELECT p.merchant_number, p.id AS payment_id, p.status, j.amount_minor AS booked_minor
FROM payment p LEFT JOIN journal j
  ON j.merchant_number = p.merchant_number AND j.payment_id = p.id AND j.book = 'payment' AND j.entry = 'winner'
WHERE (p.winner_attempt IS NOT NULL) <> (j.entry IS NOT NULL)
  OR j.amount_minor IS DISTINCT FROM p.winner_amount_minor;

-- I4, I5: refunds ------------------------------------------------------------------------------

-- A refund that was returned after it had failed keeps its failure: nothing was set aside for it any more.
CREATE VIEW audit_i04_reserve_differs AS
SELECT p.merchant_number, p.id AS payment_id, coalesce(p.refund_reserved_minor, 0) AS reserved_minor,
  r.sum_minor, p.winner_amount_minor, coalesce(p.refund_count, 0) AS refund_count, r.row_count
FROM payment p CROSS JOIN LATERAL (
  SELECT count(*) AS row_count, coalesce(sum(r.amount_minor) FILTER (WHERE r.reason = 'requested'
    AND r.status <> 'failed' AND NOT (r.status = 'succeeded' AND r.failure IS NOT NULL)), 0) AS sum_minor
  FROM refund r WHERE r.merchant_number = p.merchant_number AND r.payment_id = p.id
) r
WHERE r.sum_minor <> coalesce(p.refund_reserved_minor, 0) OR r.sum_minor > coalesce(p.winner_amount_minor, 0)
  OR r.row_count <> coalesce(p.refund_count, 0);

CREATE VIEW audit_i04_surplus_not_whole AS
SELECT r.merchant_number, r.payment_id, r.key, r.amount_minor, j.amount_minor AS charged_minor
FROM refund r LEFT JOIN journal j
  ON j.merchant_number = r.merchant_number AND j.payment_id = r.payment_id AND j.book = 'channel'
  AND j.entry = 'charge:' || r.attempt || ':' || r.transaction_no
WHERE r.reason <> 'requested' AND (j.entry IS NULL OR j.amount_minor <> r.amount_minor
  OR j.currency <> r.currency OR r.key <> 'surplus:' || r.attempt || ':' || r.transaction_no);

CREATE VIEW audit_i05_refund_disagrees AS
SELECT r.merchant_number, r.payment_id, r.key, r.status, c.returned_count
FROM refund r CROSS JOIN LATERAL (
  SELECT count(*) AS returned_count FROM channel_refund c
  WHERE c.merchant_number = r.merchant_number AND c.payment_id = r.payment_id AND c.refund_key = r.key
    AND c.status = 'succeeded' AND NOT c.is_extra
) c
WHERE c.returned_count <> CASE WHEN r.status = 'succeeded' THEN 1 ELSE 0 END;

CREATE VIEW audit_i05_two_numbers_alive AS
SELECT c.merchant_number, c.payment_id, c.refund_key, count(*) AS alive_count
FROM channel_refund c WHERE c.status NOT IN ('succeeded', 'failed')
GROUP BY c.merchant_number, c.payment_id, c.refund_key HAVING count(*) > 1;

CREATE VIEW audit_i05_number_without_proof AS
SELECT c.merchant_number, c.payment_id, c.refund_key, c.round
FROM channel_refund c
WHERE c.round > 1 AND NOT EXISTS (
  SELECT 1 FROM channel_refund f
  WHERE f.merchant_number = c.merchant_number AND f.payment_id = c.payment_id
    AND f.refund_key = c.refund_key AND f.round = c.round - 1 AND f.status IN ('failed', 'succeeded'));

CREATE VIEW audit_i05_sent_without_debt AS
SELECT c.merchant_number, c.payment_id, c.refund_key, c.status, r.status AS refund_status
FROM channel_refund c LEFT JOIN refund r
  ON r.merchant_number = c.merchant_number AND r.payment_id = c.payment_id AND r.key = c.refund_key
WHERE r.key IS NULL
  OR (r.status IN ('succeeded', 'failed') AND c.status IN ('owed', 'held_back', 'requires_action'));

-- I6, I7: ends and versions --------------------------------------------------------------------

CREATE VIEW audit_i06_closed_too_early AS
SELECT p.merchant_number, p.id AS payment_id, o.attempt, o.status
FROM payment p JOIN channel_order o ON o.merchant_number = p.merchant_number AND o.payment_id = p.id
WHERE p.status = 'closed' AND o.status IN ('created', 'pending', 'unknown');

CREATE VIEW audit_i06_end_without_evidence AS
SELECT o.merchant_number, o.payment_id, o.attempt, o.status
FROM channel_order o WHERE o.status IN ('failed', 'closed') AND o.death_evidence IS NULL;

-- A creation that the first channel order tells has no line of its own (see the comment on history).
CREATE VIEW audit_i07_version_gap AS
SELECT p.merchant_number, p.id AS payment_id, p.version, count(h.version) AS entries
FROM payment p LEFT JOIN history h ON h.merchant_number = p.merchant_number AND h.payment_id = p.id
GROUP BY p.merchant_number, p.id, p.version, p.created_at_ms
HAVING count(h.version) + CASE WHEN min(h.version) = 1 OR NOT EXISTS (
    SELECT 1 FROM channel_order o WHERE o.merchant_number = p.merchant_number AND o.payment_id = p.id
      AND o.attempt = 1 AND o.created_at_ms = p.created_at_ms) THEN 0 ELSE 1 END <> p.version;

-- I8, I9, I10: the journal ---------------------------------------------------------------------

CREATE VIEW audit_i08_foreign_account AS
SELECT j.merchant_number, j.payment_id, j.book, j.entry, j.debit, j.credit
FROM journal j
WHERE j.amount_minor <= 0 OR j.debit = j.credit
  OR (j.book = 'channel' AND NOT (j.debit ~ '^(channel_receivable:|suspense:|settled:|fees:|between_books$)'
    AND j.credit ~ '^(channel_receivable:|suspense:|settled:|fees:|between_books$)'))
  OR (j.book = 'payment' AND NOT (j.debit ~ '^(merchant_payable:|payer_owed:|between_books$)'
    AND j.credit ~ '^(merchant_payable:|payer_owed:|between_books$)'));

CREATE VIEW audit_i09_books_apart AS
SELECT merchant_number, payment_id, currency,
  sum(CASE 'between_books' WHEN debit THEN amount_minor WHEN credit THEN -amount_minor ELSE 0 END) AS between_books
FROM journal GROUP BY merchant_number, payment_id, currency
HAVING sum(CASE 'between_books' WHEN debit THEN amount_minor WHEN credit THEN -amount_minor ELSE 0 END) <> 0;

-- What each book must have booked, by the state of its rows, beside what it has booked.
CREATE VIEW audit_i09_refund_not_booked AS
WITH due AS (
  SELECT merchant_number, payment_id, 'refund:' || key AS entry, amount_minor, currency FROM refund
  WHERE reason = 'requested'
  UNION ALL
  SELECT merchant_number, payment_id, 'returned:' || key, amount_minor, currency FROM refund
  WHERE status = 'succeeded'
  UNION ALL
  SELECT merchant_number, payment_id, 'given_up:' || key, amount_minor, currency FROM refund
  WHERE failure ->> 'code' <> 'returned_elsewhere' AND status IN ('failed', 'succeeded')
), booked AS (
  SELECT merchant_number, payment_id, entry, amount_minor, currency FROM journal
  WHERE book = 'payment' AND entry ~ '^(refund|returned|given_up):'
)
SELECT coalesce(d.merchant_number, b.merchant_number) AS merchant_number,
  coalesce(d.payment_id, b.payment_id) AS payment_id, coalesce(d.entry, b.entry) AS entry,
  d.amount_minor AS due_minor, b.amount_minor AS booked_minor
FROM due d FULL JOIN booked b ON b.merchant_number = d.merchant_number AND b.payment_id = d.payment_id
  AND b.entry = d.entry
WHERE d.entry IS NULL OR b.entry IS NULL OR d.amount_minor <> b.amount_minor OR d.currency <> b.currency;

-- Channel refunds have no column for the number they are booked under, so their sums are compared.
CREATE VIEW audit_i09_return_not_booked AS
WITH sums AS (
  SELECT merchant_number, payment_id, currency, count(*) AS due_count, sum(amount_minor) AS due_minor,
    0 AS booked_count, 0 AS booked_minor
  FROM channel_refund WHERE status = 'succeeded' GROUP BY merchant_number, payment_id, currency
  UNION ALL
  SELECT merchant_number, payment_id, currency, 0, 0, count(*), sum(amount_minor)
  FROM journal WHERE book = 'channel' AND entry LIKE 'refund:%' GROUP BY merchant_number, payment_id, currency
)
SELECT merchant_number, payment_id, currency, sum(due_minor) AS due_minor, sum(booked_minor) AS booked_minor
FROM sums GROUP BY merchant_number, payment_id, currency
HAVING sum(due_count) <> sum(booked_count) OR sum(due_minor) <> sum(booked_minor);

-- What reached the channel book between the books has its entry in the payment book, and the other way round.
CREATE VIEW audit_i09_event_in_one_book AS
WITH channel AS (
  SELECT merchant_number, payment_id, amount_minor, currency,
    regexp_replace(entry, '^(charge|released):', 'surplus:') AS entry
  FROM journal WHERE book = 'channel' AND entry ~ '^(charge|released|reversed|foreign):'
    AND 'between_books' IN (debit, credit)
  UNION ALL
  SELECT merchant_number, payment_id, amount_minor, currency, 'foreign:' || attempt || ':' || refund_id
  FROM channel_refund WHERE is_extra
), payments AS (
  SELECT j.merchant_number, j.payment_id, j.amount_minor, j.currency, CASE WHEN j.entry = 'winner'
    THEN 'surplus:' || p.winner_attempt || ':' || p.winner_transaction_no ELSE j.entry END AS entry
  FROM journal j JOIN payment p ON p.merchant_number = j.merchant_number AND p.id = j.payment_id
  WHERE j.book = 'payment' AND j.entry ~ '^(winner$|surplus:|reversed:|foreign:)'
)
SELECT coalesce(c.merchant_number, p.merchant_number) AS merchant_number,
  coalesce(c.payment_id, p.payment_id) AS payment_id, coalesce(c.entry, p.entry) AS entry,
  c.amount_minor AS channel_minor, p.amount_minor AS payment_minor
FROM channel c FULL JOIN payments p ON p.merchant_number = c.merchant_number
  AND p.payment_id = c.payment_id AND p.entry = c.entry
WHERE c.entry IS NULL OR p.entry IS NULL OR c.amount_minor <> p.amount_minor OR c.currency <> p.currency;

CREATE VIEW audit_i10_sum_differs AS
SELECT p.merchant_number, p.id AS payment_id, p.surplus_received_minor, s.surplus_minor,
  p.surplus_held_minor, h.held_minor, p.foreign_returned_minor, s.foreign_minor,
  p.surplus_taken_back_minor, s.taken_minor
FROM payment p CROSS JOIN LATERAL (
  SELECT
    coalesce(sum(j.amount_minor) FILTER (WHERE j.entry LIKE 'surplus:%' AND j.currency = p.currency), 0) AS surplus_minor,
    coalesce(sum(j.amount_minor) FILTER (WHERE j.entry LIKE 'foreign:%' AND j.debit LIKE 'merchant_payable:%'), 0) AS foreign_minor,
    coalesce(sum(j.amount_minor) FILTER (WHERE j.entry ~ '^(foreign|reversed):' AND j.debit LIKE 'payer_owed:%'
      AND j.currency = p.currency), 0) AS taken_minor
  FROM journal j WHERE j.merchant_number = p.merchant_number AND j.payment_id = p.id AND j.book = 'payment'
) s CROSS JOIN LATERAL (
  SELECT coalesce(sum(CASE WHEN j.credit LIKE 'suspense:%' THEN j.amount_minor ELSE -j.amount_minor END), 0) AS held_minor
  FROM journal j WHERE j.merchant_number = p.merchant_number AND j.payment_id = p.id AND j.book = 'channel'
    AND j.currency = p.currency AND j.entry ~ '^(charge|released|reversed):'
    AND (j.debit LIKE 'suspense:%' OR j.credit LIKE 'suspense:%')
) h
WHERE s.surplus_minor <> p.surplus_received_minor OR h.held_minor <> p.surplus_held_minor
  OR s.foreign_minor <> coalesce(p.foreign_returned_minor, 0)
  OR s.taken_minor <> coalesce(p.surplus_taken_back_minor, 0);

-- I12, I13: numbers ----------------------------------------------------------------------------

CREATE VIEW audit_i12_number_used_twice AS
SELECT merchant_number, merchant_order_no AS number, count(*) AS used_count FROM payment
GROUP BY merchant_number, merchant_order_no HAVING count(*) > 1
UNION ALL
SELECT merchant_number, merchant_refund_no, count(*) FROM refund WHERE merchant_refund_no IS NOT NULL
GROUP BY merchant_number, merchant_refund_no HAVING count(*) > 1;

CREATE VIEW audit_i13_order_other_money AS
SELECT o.merchant_number, o.payment_id, o.attempt, o.amount_minor, o.currency
FROM channel_order o LEFT JOIN payment p ON p.merchant_number = o.merchant_number AND p.id = o.payment_id
WHERE p.id IS NULL OR p.amount_minor <> o.amount_minor OR p.currency <> o.currency;

CREATE VIEW audit_i13_refund_other_money AS
SELECT c.merchant_number, c.payment_id, c.attempt, c.number, c.amount_minor, r.amount_minor AS owed_minor
FROM channel_refund c JOIN refund r
  ON r.merchant_number = c.merchant_number AND r.payment_id = c.payment_id AND r.key = c.refund_key
WHERE r.amount_minor <> c.amount_minor OR r.currency <> c.currency
  OR r.transaction_no <> c.transaction_no OR r.attempt <> c.attempt;

CREATE VIEW audit_i13_charge_twice AS
SELECT debit AS account, transaction_no, count(*) AS booked_count
FROM journal WHERE book = 'channel' AND entry LIKE 'charge:%'
GROUP BY debit, transaction_no HAVING count(*) > 1;

-- I14, I15, I16: what merchants are told -------------------------------------------------------

CREATE VIEW audit_i14_end_untold AS
WITH due AS (
  SELECT merchant_number, id AS payment_id, 'payment.' || status AS type, NULL::text AS subject_key
  FROM payment WHERE status IN ('succeeded', 'closed')
  UNION ALL
  SELECT merchant_number, id, 'payment.reversed', NULL FROM payment WHERE reversed_at_ms IS NOT NULL
  UNION ALL
  SELECT merchant_number, payment_id, 'refund.' || status, key FROM refund
  WHERE reason = 'requested' AND status <> 'pending'
  UNION ALL
  SELECT merchant_number, payment_id, 'payment.surplus_refunded', key FROM refund
  WHERE reason <> 'requested' AND status = 'succeeded'
)
SELECT d.* FROM due d WHERE NOT EXISTS (
  SELECT 1 FROM event e WHERE e.merchant_number = d.merchant_number AND e.payment_id = d.payment_id
    AND e.type = d.type AND e.subject_key IS NOT DISTINCT FROM d.subject_key);

CREATE VIEW audit_i15_told_twice AS
SELECT merchant_number, payment_id, type, subject_key, count(*) AS told_count FROM event
WHERE type IN ('payment.succeeded', 'payment.reversed', 'payment.surplus_refunded', 'refund.succeeded', 'refund.failed')
GROUP BY merchant_number, payment_id, type, subject_key HAVING count(*) > 1;

CREATE VIEW audit_i15_told_untrue AS
SELECT e.merchant_number, e.payment_id, e.type, e.subject_key FROM event e
WHERE (e.type = 'payment.succeeded' AND NOT EXISTS (
    SELECT 1 FROM payment p WHERE p.merchant_number = e.merchant_number AND p.id = e.payment_id
      AND p.status = 'succeeded'))
  OR (e.type IN ('refund.succeeded', 'payment.surplus_refunded') AND NOT EXISTS (
    SELECT 1 FROM refund r WHERE r.merchant_number = e.merchant_number AND r.payment_id = e.payment_id
      AND r.key = e.subject_key AND r.status = 'succeeded'));

CREATE VIEW audit_i16_event_undelivered AS
SELECT e.merchant_number, e.payment_id, e.id AS event_id, e.type FROM event e
WHERE EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.merchant_number = e.merchant_number AND d.event_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.merchant_number = e.merchant_number
    AND d.event_id = e.id AND d.response_status BETWEEN 200 AND 299)
  AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.merchant_number = e.merchant_number AND n.event_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM open_case c WHERE c.merchant_number = e.merchant_number
    AND c.payment_id = e.payment_id AND c.kind = 'undelivered_notice');

-- I18, I19, I20: nothing waits for nobody ------------------------------------------------------

CREATE VIEW audit_i18_case_list_differs AS
SELECT coalesce(c.merchant_number, x.merchant_number) AS merchant_number,
  coalesce(c.payment_id, x.payment_id) AS payment_id, coalesce(c.kind, x.kind) AS kind
FROM open_case c FULL JOIN (SELECT * FROM exception_case WHERE resolved_at_ms IS NULL) x
  ON x.merchant_number = c.merchant_number AND x.payment_id = c.payment_id AND x.id = c.case_id
WHERE c.payment_id IS NULL OR x.payment_id IS NULL;

CREATE VIEW audit_i18_end_without_proof AS
SELECT merchant_number, payment_id, id AS case_id, kind FROM exception_case
WHERE resolved_at_ms IS NOT NULL AND coalesce(resolution, '') = '';

CREATE VIEW audit_i19_order_unattended AS
SELECT o.merchant_number, o.payment_id, o.attempt, o.status, o.created_at_ms AS since_ms FROM channel_order o
WHERE o.status IN ('created', 'pending', 'unknown', 'held')
  AND NOT EXISTS (SELECT 1 FROM dropped_order d WHERE d.merchant_number = o.merchant_number
    AND d.payment_id = o.payment_id AND d.attempt = o.attempt)
  AND NOT EXISTS (SELECT 1 FROM open_case c WHERE c.merchant_number = o.merchant_number
    AND c.payment_id = o.payment_id AND c.subject = o.attempt::text);

CREATE VIEW audit_i19_payment_unattended AS
SELECT p.merchant_number, p.id AS payment_id, p.status, p.created_at_ms AS since_ms FROM payment p
WHERE p.status IN ('pending', 'processing')
  AND NOT EXISTS (SELECT 1 FROM payment_expiry e WHERE e.merchant_number = p.merchant_number AND e.payment_id = p.id)
  AND NOT EXISTS (SELECT 1 FROM dropped_order d WHERE d.merchant_number = p.merchant_number AND d.payment_id = p.id)
  AND NOT EXISTS (SELECT 1 FROM open_case c WHERE c.merchant_number = p.merchant_number AND c.payment_id = p.id);

CREATE VIEW audit_i19_refund_unattended AS
SELECT r.merchant_number, r.payment_id, r.key, r.status FROM refund r
WHERE (r.status = 'pending' AND NOT EXISTS (
    SELECT 1 FROM channel_refund c WHERE c.merchant_number = r.merchant_number AND c.payment_id = r.payment_id
      AND c.refund_key = r.key AND c.status NOT IN ('succeeded', 'failed')))
  OR (r.status = 'requires_action' AND NOT EXISTS (
    SELECT 1 FROM open_case o WHERE o.merchant_number = r.merchant_number AND o.payment_id = r.payment_id
      AND o.kind = 'failed_refund' AND o.subject = r.key));

CREATE VIEW audit_i19_channel_refund_unattended AS
SELECT c.merchant_number, c.payment_id, c.attempt, c.number, c.status FROM channel_refund c
WHERE (c.status IN ('owed', 'held_back', 'sending', 'pending', 'unknown') AND NOT EXISTS (
    SELECT 1 FROM refund_job q WHERE q.merchant_number = c.merchant_number AND q.payment_id = c.payment_id
      AND q.attempt = c.attempt AND q.number = c.number))
  OR (c.status = 'requires_action' AND NOT EXISTS (
    SELECT 1 FROM open_case o WHERE o.merchant_number = c.merchant_number AND o.payment_id = c.payment_id
      AND o.kind = 'failed_refund' AND o.subject = c.refund_key));

CREATE VIEW audit_i19_case_nobody_can_end AS
SELECT o.merchant_number, o.payment_id, o.kind, o.subject, r.status
FROM open_case o LEFT JOIN refund r
  ON r.merchant_number = o.merchant_number AND r.payment_id = o.payment_id AND r.key = o.subject
WHERE o.kind = 'failed_refund' AND (r.key IS NULL OR r.status IN ('succeeded', 'failed'));

CREATE VIEW audit_i20_job_without_work AS
SELECT q.merchant_number, q.payment_id, q.attempt, q.number, q.operation, c.status
FROM refund_job q LEFT JOIN channel_refund c
  ON c.merchant_number = q.merchant_number AND c.payment_id = q.payment_id
  AND c.attempt = q.attempt AND c.number = q.number
WHERE c.number IS NULL OR q.operation <> CASE
  WHEN c.status = 'owed' THEN 'send' WHEN c.status = 'held_back' THEN 'held'
  WHEN c.status IN ('sending', 'pending', 'unknown') THEN 'query' ELSE 'none' END;

-- I24: people ----------------------------------------------------------------------------------

CREATE VIEW audit_i24_decision_without_name AS
SELECT merchant_number, payment_id, version, input, raw FROM history
WHERE via = 'operator' AND coalesce(raw, '') !~ '^.+: .+';
