/**
 * Channel only (渠道有·平台无，长款): the channel's statement has money that our books do not have. Where it
 * is about an order of ours the channel is asked first, and the answer settles it like any other; money
 * that nobody can name lies in suspense, with an owner.
 */
import type { KindDescription } from './kind.ts';

export const CHANNEL_ONLY: KindDescription = {
  kind: 'channel_only',
  zh: '渠道有平台无（长款）',
  what: "A charge, refund or reversal stands in the channel's statement and not in our books.",
  noticed: 'The daily comparison finds a line without an entry of ours, whatever its date.',
  response:
    'Ask the channel and settle by its answer; where it cannot answer, settle from the statement if our connector fetched it; money of no order of ours goes to suspense.',
  over: 'The charge is in our books, or a person has named the money.',
  toldToMerchant: false,
  actions: ['resolve'],
  seen: 'A payment that nobody knew to be paid becomes succeeded with confirmed_by: query or statement, or its money goes back by itself. What belongs to no payment stands among the cases of its day.',
  why: 'Every other word about the payment was lost, another system uses the same channel account, or somebody acted at the channel itself.',
  practise: [],
  practiseStatement: ['extra_line', 'extra_charge_line', 'foreign_refund_line'],
};
