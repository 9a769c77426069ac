/**
 * What goes wrong in the simulated world, by kind: the lowest and the highest rate that a seed may draw,
 * per occasion.
 */
const RATES = {
  // A platform's call to a channel about an order.
  call_lost: [0.02, 0.3],
  call_reply_lost: [0.02, 0.3],
  call_late: [0.01, 0.15],
  channel_error: [0.02, 0.3],
  channel_busy: [0.02, 0.2],
  unlisted_code: [0.01, 0.15],
  query_stale: [0.05, 0.5],
  bulkhead_full: [0.01, 0.1],
  // The same about a refund.
  refund_call_lost: [0.05, 0.4],
  refund_call_reply_lost: [0.05, 0.4],
  refund_call_late: [0.02, 0.2],
  refund_channel_error: [0.02, 0.3],
  refund_channel_busy: [0.02, 0.2],
  refund_unlisted_code: [0.01, 0.15],
  refund_query_stale: [0.05, 0.5],
  // Windows in which a channel answers nothing; the rate is per minute.
  channel_outage: [0.02, 0.2],
  // A channel's message to the platform about an order.
  notification_lost: [0.05, 0.6],
  notification_lost_for_ever: [0.05, 0.5],
  notification_late: [0.05, 0.4],
  notification_copied: [0.05, 0.6],
  notification_forged: [0.02, 0.3],
  notification_probe: [0.05, 0.4],
  notification_misaddressed: [0.02, 0.2],
  notification_answer_lost: [0.05, 0.4],
  // The same about a refund.
  refund_notification_lost: [0.05, 0.6],
  refund_notification_lost_for_ever: [0.05, 0.5],
  refund_notification_late: [0.05, 0.4],
  refund_notification_copied: [0.05, 0.6],
  // What payers and weak channels do about orders.
  second_payer: [0.02, 0.2],
  paid_after_close: [0.05, 0.5],
  paid_after_decline: [0.2, 0.6],
  other_amount: [0.01, 0.1],
  other_amount_notified: [0.01, 0.1],
  other_currency: [0.01, 0.08],
  close_not_done: [0.05, 0.4],
  reversal: [0.1, 0.6],
  // What becomes of a refund at its channel.
  refund_slow: [0.05, 0.4],
  refund_abnormal: [0.05, 0.3],
  refund_closed: [0.05, 0.3],
  refund_no_funds: [0.05, 0.3],
  refund_revived: [0.4, 0.9],
  refund_paid_twice: [0.05, 0.4],
  console_refund: [0.02, 0.2],
  console_refund_race: [0.05, 0.3],
  // The brake on automatic money out: a low limit for the whole run, and a switch for minutes.
  brake_limit: [0.5, 0.95],
  brake_switch: [0.2, 0.8],
  // A platform's process and its database.
  store_error: [0.002, 0.05],
  commit_answer_lost: [0.005, 0.08],
  commit_stale: [0.005, 0.1],
  commit_slow: [0.002, 0.05],
  crash: [0.0005, 0.008],
  crash_at_point: [0.0005, 0.008],
  process_pause: [0.0005, 0.004],
  // Books in two databases: one of them away (per quarter of a minute), a message lost between them, a
  // replica that is behind.
  database_away: [0.005, 0.1],
  message_lost: [0.05, 0.6],
  replica_behind: [0.05, 0.5],
  // A merchant and the platform.
  request_lost: [0.02, 0.25],
  answer_lost: [0.02, 0.3],
  notice_lost: [0.02, 0.4],
  notice_answer_lost: [0.02, 0.4],
  merchant_down: [0.02, 0.2],
  // A person who decides twice at once, from two windows.
  decided_twice: [0.05, 0.4],
  // A channel's statement of a day, where days are simulated: the file as such, and each line of it.
  statement_late: [0.05, 0.4],
  statement_unreadable: [0.05, 0.4],
  statement_line_lost: [0.01, 0.08],
  statement_line_repeated: [0.01, 0.08],
  statement_line_off: [0.01, 0.08],
  statement_fee_off: [0.01, 0.08],
  statement_line_moved: [0.02, 0.2],
  statement_line_invented: [0.05, 0.4],
  statement_rewritten: [0.05, 0.4],
} as const satisfies Record<string, readonly [number, number]>;

export type FaultKind = keyof typeof RATES;
export type FaultRates = Partial<Record<FaultKind, number>>;

/** Those of statements are met only where days are simulated. */
export const isOfStatement = (kind: FaultKind): boolean => kind.startsWith('statement_');

export const FAULT_KINDS = Object.keys(RATES).filter((kind): kind is FaultKind => kind in RATES);

/** The rate of a kind between its lowest (`strength` 0) and its highest (1). */
export function rateOf(kind: FaultKind, strength: number): number {
  const [lowest, highest] = RATES[kind];
  return lowest * (highest / lowest) ** strength;
}
