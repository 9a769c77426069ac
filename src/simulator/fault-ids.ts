/**
 * Which row of the fault model (`reference/faults.md`, section 1) each fault and each mark stands for, so
 * that coverage can be counted by row. 故障编号。
 */
import type { FaultKind } from './fault-kinds.ts';
import type { MarkName } from './marks.ts';

export const FAULT_IDS: Readonly<Record<FaultKind, readonly [string, ...string[]]>> = {
  call_lost: ['E1'],
  call_reply_lost: ['E2'],
  call_late: ['E2', 'E17'],
  channel_error: ['E4'],
  channel_busy: ['E15'],
  unlisted_code: ['E4'],
  query_stale: ['E7', 'E11'],
  bulkhead_full: ['D6'],
  refund_call_lost: ['F2'],
  refund_call_reply_lost: ['F2'],
  refund_call_late: ['F2', 'F5'],
  refund_channel_error: ['F2'],
  refund_channel_busy: ['E15'],
  refund_unlisted_code: ['F5'],
  refund_query_stale: ['F9'],
  channel_outage: ['E16', 'P1'],
  notification_lost: ['G1'],
  notification_lost_for_ever: ['G1'],
  notification_late: ['G3', 'G4'],
  notification_copied: ['G2'],
  notification_forged: ['G6'],
  notification_probe: ['G6'],
  notification_misaddressed: ['G7'],
  notification_answer_lost: ['G10'],
  refund_notification_lost: ['G1'],
  refund_notification_lost_for_ever: ['G1'],
  refund_notification_late: ['F9', 'G4'],
  refund_notification_copied: ['F9'],
  second_payer: ['A3'],
  paid_after_close: ['A4', 'E12'],
  paid_after_decline: ['E11', 'G4'],
  other_amount: ['E10'],
  other_amount_notified: ['G7'],
  other_currency: ['E10'],
  close_not_done: ['E12'],
  reversal: ['E6'],
  refund_slow: ['F4'],
  refund_abnormal: ['F4'],
  refund_closed: ['F4'],
  refund_no_funds: ['F13'],
  refund_revived: ['F4', 'F5'],
  refund_paid_twice: ['E3'],
  console_refund: ['F10'],
  console_refund_race: ['F10', 'F14'],
  brake_limit: ['M5'],
  brake_switch: ['M5'],
  store_error: ['C1'],
  commit_answer_lost: ['C2'],
  commit_stale: ['C6', 'C9'],
  commit_slow: ['C5', 'C15'],
  crash: ['D1', 'M1'],
  crash_at_point: ['D1', 'G9', 'B8'],
  process_pause: ['D2', 'M1'],
  database_away: ['L1', 'L6'],
  message_lost: ['L6'],
  replica_behind: ['L4'],
  request_lost: ['B1'],
  answer_lost: ['B2'],
  notice_lost: ['H1'],
  notice_answer_lost: ['H2'],
  merchant_down: ['H1'],
  decided_twice: ['O1', 'F14'],
  statement_late: ['I-1'],
  statement_unreadable: ['I-3', 'I-12'],
  statement_line_lost: ['I-8'],
  statement_line_repeated: ['I-4'],
  statement_line_off: ['I-9'],
  statement_fee_off: ['I-9'],
  statement_line_moved: ['I-10'],
  statement_line_invented: ['I-7', 'I-11'],
  statement_rewritten: ['I-5'],
};

/** Rows that are reached by what people do, rather than by something that breaks. */
const MARK_IDS: Readonly<Partial<Record<MarkName, readonly string[]>>> = {
  duplicate_other_order: ['A2'],
  overlap: ['A1'],
  late_money_returned: ['A4'],
  closed_never_opened: ['A5', 'E14'],
  refund_repeated: ['B6'],
  refund_no_reused: ['B4'],
  refund_raced: ['F1'],
  refund_refused_over: ['F1'],
  refund_resent: ['F2'],
  refund_stuck: ['F7'],
  handed_over: ['E8', 'D11'],
  lease_over: ['D3'],
  stored_for_later: ['G13'],
};

export type FaultCoverage = Readonly<Record<string, number>>;

/** How often each row was met, in the order of the fault model. */
export function coverageById(
  faults: Readonly<Partial<Record<string, number>>>,
  marks: Readonly<Partial<Record<string, number>>>,
): FaultCoverage {
  const counts = new Map<string, number>();
  const add = (ids: readonly string[], count: number): void => {
    for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + count);
  };
  for (const [kind, ids] of Object.entries(FAULT_IDS)) add(ids, faults[kind] ?? 0);
  for (const [mark, ids] of Object.entries(MARK_IDS)) add(ids, marks[mark] ?? 0);
  return Object.fromEntries([...counts].toSorted(([a], [b]) => place(a) - place(b)));
}

function place(id: string): number {
  return id.charCodeAt(0) * 100 + Math.abs(Number(id.slice(1)));
}
