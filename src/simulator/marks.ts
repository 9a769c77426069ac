/**
 * Marks: situations that matter, noted when a run reaches them. A simulator that never meets one of
 * them proves nothing about it, whatever else it counts.
 */
export const MARKS = {
  late_money_returned: 'Money for a closed payment went back.',
  late_money_accepted: "Late money paid a closed payment, by its merchant's policy.",
  duplicate_same_order: 'Two charges under one channel order, one of them returned.',
  duplicate_other_order: 'Two channel orders of one payment were paid, one of them returned.',
  refund_resent: 'A refund was sent again under the same number.',
  refund_second_number: 'Another number was tried after the former was proven dead.',
  refund_extra_found: 'Money that went back beside what was owed was found.',
  refund_stuck: 'A refund waits for a person.',
  refund_given_up: 'A named person gave a refund up.',
  refund_retried: 'A named person had a refund sent again.',
  refund_held_back: 'The brake kept a refund.',
  refund_released: 'A named person released a refund from the brake.',
  refund_raced: 'Two refunds of a merchant raced past the remainder, and one was refused.',
  refund_repeated: 'A merchant used its refund number again.',
  refund_no_reused: 'A merchant used its refund number for something else, and was refused.',
  refund_refused_over: 'A refund of more than was left was refused.',
  refund_after_console: 'Ours was refused, because the console had been quicker.',
  console_refund_found: 'A refund made at the console was booked.',
  payment_reversed: 'A success was revoked.',
  amount_held: 'Other money than ordered was held.',
  held_returned: 'A named person returned held money.',
  handed_over: 'An order was handed over to reconciliation.',
  reopened: 'A payment closed by expiry was asked for again.',
  closed_never_opened: 'A payment ended that no channel ever knew.',
  overlap: 'Two tries of one payment were open at once.',
  lease_over: 'A row came back, because whoever held it did not finish in time.',
  stored_for_later: 'A message was stored raw and applied later.',
  message_relayed: 'A message between the books was brought by the relay.',
  internal_drop_healed: 'A message between the books was lost, found by a scan, and taken in.',
  half_committed_by_another:
    'The other half of a decision was committed by another than its maker.',
  half_rolled_back: 'A half that was never decided was rolled back.',
  contradiction: 'A channel that took the money said no afterwards.',
} as const;

export type MarkName = keyof typeof MARKS;

export const MARK_NAMES = Object.keys(MARKS).filter((name): name is MarkName => name in MARKS);

export class Marks {
  readonly counts: Partial<Record<MarkName, number>> = {};
  readonly messages: Record<string, number> = {};

  reach(name: MarkName): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  /** A message between two databases was taken in. */
  takeIn(type: string): void {
    this.messages[type] = (this.messages[type] ?? 0) + 1;
  }
}
