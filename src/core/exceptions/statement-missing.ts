/**
 * Statement missing (对账文件缺失): a day's statement does not come, or cannot be taken in whole. A missing
 * file proves nothing: no order changes its state for it, and the day stays open.
 */
import type { KindDescription } from './kind.ts';

export const STATEMENT_MISSING: KindDescription = {
  kind: 'statement_missing',
  zh: '对账文件缺失',
  what: "A channel's statement of a day is not here: it was never ready, its file is damaged, or it says that there was no trade while our books have some.",
  noticed:
    "The channel's usual time and our patience are over, or a file is refused, or it contradicts our own count.",
  response: 'Ask again and again; take nothing in that is not whole; leave every order as it is.',
  over: 'The statement came, whole, and was taken in.',
  toldToMerchant: false,
  actions: ['resolve'],
  seen: 'Operators see it among the cases of the account and its day; the day is not closed.',
  why: 'The channel is late, its download service is down, or the file was cut off on its way.',
  practise: [],
  practiseStatement: ['late', 'corrupt', 'corrupt_totals'],
};
