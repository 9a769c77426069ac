-- What named people decide outside of one payment's history, and cases found by their id.

-- An operator names a case by its id alone.
CREATE INDEX exception_case_id ON exception_case (id);

-- Who did what, and why: the brake, a merchant's policy, a notification that nobody could place.
CREATE TABLE operator_act (
  id      uuid PRIMARY KEY,
  at_ms   bigint NOT NULL,
  by_name text NOT NULL,
  act     text NOT NULL,
  -- What it was done to: a channel account, a merchant, a notification.
  subject text NOT NULL,
  reason  text NOT NULL
);
CREATE INDEX operator_act_subject ON operator_act (subject, id);

-- What is authentic and about nothing we know stays until a person places it or puts it aside.
ALTER TABLE notification DROP CONSTRAINT notification_verdict_check,
  ADD CONSTRAINT notification_verdict_check
    CHECK (verdict IN ('refused', 'unmatched', 'accepted', 'adopted', 'dismissed'));
CREATE INDEX notification_verdict ON notification (verdict, received_at_ms, id);
