/** What operators see of the day's end: statements, comparisons, their items, and cases of a day. */
import { ITEM_CLASSES } from '../core/reconciliation/figures.ts';
import { MERCHANT_LINE_KINDS } from './merchant-statements.ts';
import type { Schema } from './schema-words.ts';
import { count, exactly, flag, kind, listOf, oneOf, orNull, text, time } from './schema-words.ts';

const KINDS = ['payment', 'refund', 'reversal', 'dispute', 'fee', 'payout', 'other'];

const total = exactly({
  kind: oneOf(KINDS, 'What the lines are of.'),
  currency: text('ISO 4217.', 'CNY'),
  count: count('Lines.'),
  amount: count('Their sum in minor units.'),
  fee: count('Their fees in minor units.'),
});

const figure = exactly({
  class: oneOf(ITEM_CLASSES, 'What they turned out to be.'),
  kind: oneOf(KINDS, 'What they are of.'),
  currency: text('ISO 4217.', 'CNY'),
  lines: count('Lines of the statement.'),
  lines_amount: count('Their sum in minor units.'),
  lines_fee: count('Their fees in minor units.'),
  entries: count('Entries of ours.'),
  entries_amount: count('Their sum in minor units.'),
});

const day = text('The channel’s business day.', '2026-11-18');
const channel = text('The channel.', 'sandbox');
const account = text('Our account there.', 'main');

/** Components of the document, by name. */
export const RECONCILIATION_SCHEMAS: Readonly<Record<string, Schema>> = {
  Statement: exactly(
    {
      id: text('The id.', 'stm_01m80pjbg0f9xv59tdwh9edd1r'),
      object: kind('statement'),
      channel,
      account,
      date: day,
      version: count('1, and one more each time that the file of the day came rewritten.'),
      format: text('The format of the file.', 'alipay_trade'),
      source: oneOf(
        ['connector', 'upload'],
        'connector: fetched by us, and proof. upload: brought by a person, and settles only what a query confirms.',
      ),
      by: orNull(text('Who brought it.', 'Wang Fang')),
      reason: orNull(text('Why.')),
      file_name: text('The name of the file.'),
      sha256: text('Of the file as it came, in hex.'),
      line_count: count('Statement lines.'),
      totals: listOf(total, 'By kind and currency.'),
      totals_compared: flag('Whether the file carries totals of its own, which agree.'),
      received_at: time('When it was taken in.'),
    },
    { description: 'A channel’s list of a day, as it was taken in. 对账文件' },
  ),
  Reconciliation: exactly(
    {
      id: text('The id.', 'rec_01m80pjbg0f9xv59tdwh9edd1r'),
      object: kind('reconciliation'),
      channel,
      account,
      date: day,
      status: oneOf(
        ['comparing', 'settling', 'open', 'closed'],
        'closed: count and money add up on both sides, and every difference is settled or has its case.',
      ),
      has_statement: flag('False where the channel says that there was no trade.'),
      figures: listOf(figure, 'Every line and every entry, in exactly one class.'),
      digest: orNull(text('SHA-256 over what was found; the same input has the same.')),
      started_at: time('When our side was frozen.'),
      closed_at: orNull(time('When it was closed.')),
    },
    { description: 'One comparison of a day. 对账' },
  ),
  ReconciliationItem: exactly(
    {
      object: kind('reconciliation_item'),
      number: count('Its place in the comparison.'),
      class: oneOf(
        ITEM_CLASSES.filter((one) => one !== 'matched'),
        'What it is.',
      ),
      kind: oneOf(KINDS, 'What it is of.'),
      word: orNull(text('The channel’s own word for it.')),
      line: orNull(count('Its line in the file.')),
      channel_order_no: orNull(text('The number sent to the channel.')),
      channel_refund_no: orNull(text('The number of the refund.')),
      channel_transaction_no: orNull(text('The channel’s number.')),
      currency: text('ISO 4217.', 'CNY'),
      channel_amount: orNull(count('In minor units, as the statement has it.')),
      platform_amount: orNull(count('In minor units, as we have it.')),
      channel_fee: orNull(count('In minor units.')),
      platform_fee: orNull(count('In minor units, by the fee rule of the account.')),
      at: orNull(time('When it happened.')),
      outcome: orNull(
        oneOf(
          ['settled', 'case', 'suspense'],
          'settled: the books agree now. case: somebody has it. suspense: money that nobody can name, with its case.',
        ),
      ),
      outcome_words: orNull(text('What was done about it.')),
    },
    { description: 'A line or an entry that did not simply match. 差异或结转' },
  ),
  MerchantStatement: exactly(
    {
      object: kind('merchant_statement'),
      date: text('The day, from midnight to midnight in China.', '2026-11-18'),
      complete: flag('False while the day lasts: more may be booked.'),
      data: listOf(
        exactly({
          kind: oneOf(MERCHANT_LINE_KINDS, 'What was booked.'),
          merchant_order_no: text('Your order number.', 'SO-1'),
          merchant_refund_no: orNull(text('Your refund number.')),
          payment: text('The payment.', 'pay_01m80pjbg0f9xv59tdwh9edd1r'),
          channel: orNull(text('The channel.', 'sandbox')),
          channel_order_no: orNull(text('The number sent to the channel.')),
          channel_transaction_no: orNull(text('The channel’s number of the charge.')),
          amount: count('In minor units.'),
          balance: count('What it does to what we owe you, in minor units, signed.'),
          currency: text('ISO 4217.', 'CNY'),
          at: orNull(time('The channel’s time, where it is known.')),
          booked_at: time('When we booked it.'),
        }),
        'In the order in which it was booked.',
      ),
      totals: listOf(
        exactly({
          kind: oneOf(MERCHANT_LINE_KINDS, 'What was booked.'),
          currency: text('ISO 4217.', 'CNY'),
          count: count('Lines.'),
          amount: count('Their sum in minor units.'),
          balance: count('What they do to what we owe you.'),
        }),
        'By kind and currency.',
      ),
    },
    { description: 'A merchant’s own day. 商户对账单' },
  ),
  StatementCase: exactly(
    {
      id: text('The id.', 'exc_01m80pjbg0f9xv59tdwh9edd1r'),
      object: kind('statement_case'),
      kind: text('The kind of exception.', 'channel_only'),
      channel,
      account,
      date: day,
      subject: text('What it is about.'),
      status: oneOf(['open', 'resolved'], 'Whether it is over.'),
      owner: text('Who has to act.', 'reconciliation'),
      next_action: text('What happens next.'),
      deadline_at: time('When it is overdue.'),
      money_at_risk: count('In minor units.'),
      currency: orNull(text('ISO 4217.', 'CNY')),
      opened_at: time('When it was found.'),
      resolved_at: orNull(time('When it ended.')),
      resolution: orNull(text('How.')),
    },
    { description: 'A case of an account’s day that belongs to no payment. 账务日差错单' },
  ),
};
