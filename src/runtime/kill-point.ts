/**
 * Named points at which a test may kill the process, to prove that a crash there loses nothing.
 * Without `TIEOUT_KILL_AT` every point costs one comparison and does nothing.
 */
export const KILL_POINTS = [
  'apply.before_load',
  'apply.before_write',
  'apply.after_write',
  'pay.before_call',
  'pay.after_call',
  'pay.after_fact',
  'query.before_call',
  'query.after_call',
  'query.after_fact',
  'close.before_call',
  'close.after_call',
  'close.after_fact',
  'refund.after_claim',
  'refund.before_guard',
  'refund.after_guard',
  'refund.before_call',
  'refund.after_call',
  'refund.after_fact',
  'refund_query.before_call',
  'refund_query.after_call',
  'refund_query.after_fact',
  'relay.before_hop',
  'relay.after_take_in',
  'relay.after_hop',
  'relay.after_claim',
  'compensation.after_claim',
  'compensation.after_heal',
  'two_phase.before_prepare',
  'two_phase.after_prepare',
  'two_phase.after_decision',
  'two_phase.after_commit',
  'create.before_apply',
  'create.after_apply',
  'create.before_answer',
  'close_request.after_apply',
  'sync.before_query',
  'notification.before_verify',
  'notification.after_verify',
  'notification.after_apply',
  'notification.before_answer',
  'notification.after_store_raw',
  'notice.after_birth',
  'notice.before_claim',
  'notice.after_claim',
  'notice.before_call',
  'notice.after_call',
  'notice.after_finish',
  'worker.after_claim',
  'expiry.after_claim',
  'expiry.after_apply',
  'sweep.before',
  'sweep.after',
  'reconcile.after_load',
  'reconcile.after_import',
  'reconcile.after_compare',
  'reconcile.after_ask',
  'reconcile.after_settle',
  'reconcile.before_close',
  'reconcile.after_settlement',
  'reconcile.after_close',
] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

export type KillPoints = (point: KillPoint) => void;

/**
 * Reads `name:count`: the process kills itself with SIGKILL the count-th time it passes the point.
 * Without a setting the returned function does nothing.
 */
export function killPoints(setting: string | undefined, kill: () => void): KillPoints {
  if (!setting) return () => {};
  const [name, countText] = setting.split(':');
  let left = Number(countText ?? '1');
  return (point) => {
    if (point !== name) return;
    left -= 1;
    if (left === 0) kill();
  };
}
