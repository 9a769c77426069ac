-- I19 of a refund that waits for a person. Where a channel pays what it called dead, or pays the same number
-- twice, nobody sends it again by himself: then it is the open case of the unknown channel refund that has the
-- person, under the number that was sent.
CREATE OR REPLACE VIEW audit_i19_refund_unattended AS
SELECT r.merchant_number, r.payment_id, r.key, r.status FROM refund r
WHERE (r.status = 'pending' AND NOT EXISTS (
    SELECT 1 FROM channel_refund c WHERE c.merchant_number = r.merchant_number AND c.payment_id = r.payment_id
      AND c.refund_key = r.key AND c.status NOT IN ('succeeded', 'failed')))
  OR (r.status = 'requires_action' AND NOT EXISTS (
    SELECT 1 FROM open_case o WHERE o.merchant_number = r.merchant_number AND o.payment_id = r.payment_id
      AND o.kind = 'failed_refund' AND o.subject = r.key)
    AND NOT EXISTS (
    SELECT 1 FROM open_case o JOIN channel_refund c ON c.merchant_number = o.merchant_number
      AND c.payment_id = o.payment_id AND o.subject = channel_order_no(c.payment_id, c.attempt)
        || 'R' || right(channel_order_no(c.payment_id, c.number), 2)
    WHERE o.merchant_number = r.merchant_number AND o.payment_id = r.payment_id
      AND o.kind = 'unknown_refund' AND c.refund_key = r.key));
