/** Payments that come to a message between the books, which the one who plays them then loses. */
import type { Aggregate } from '../../src/core/aggregate.ts';
import { missingMessages } from '../../src/core/missing-messages.ts';
import type { Message } from '../../src/core/message.ts';
import type { ApartBooks } from '../support/apart-books.ts';
import { keyOf } from '../support/apart-books.ts';
import {
  AMOUNT_MINOR,
  CLOSED,
  DECLINED,
  paid,
  PENDING,
  WALLET_QR,
} from '../support/scripted-payment.ts';

export type Loss = {
  readonly message: Message['type'];
  /** Plays a payment up to the message, which then lies in an outbox and nowhere else. */
  play(books: ApartBooks, transactionNo: string): Promise<Aggregate>;
};

/** Both directions in turn. */
export const LOSSES: readonly Loss[] = [
  {
    message: 'open_try',
    play: async (books) => {
      const created = await books.create({ try: null });
      await books.alone.payment.apply(keyOf(created), { type: 'request_try', try: WALLET_QR });
      return created;
    },
  },
  {
    message: 'charge',
    play: async (books, transactionNo) => {
      const created = await books.create();
      await books.learnAlone(created, paid({ transactionNo }));
      return created;
    },
  },
  {
    message: 'close_try',
    play: async (books) => {
      const created = await books.create();
      await books.learnAlone(created, PENDING);
      await books.alone.payment.apply(keyOf(created), { type: 'close_payment' });
      return created;
    },
  },
  {
    message: 'try_opened',
    play: async (books) => {
      const created = await books.create({ try: null });
      await books.alone.payment.apply(keyOf(created), { type: 'request_try', try: WALLET_QR });
      await takeInAlone(books, created, 'open_try');
      return created;
    },
  },
  {
    message: 'return_money',
    play: async (books, transactionNo) => {
      const succeeded = await paidWhole(books, transactionNo);
      await books.alone.payment.apply(keyOf(succeeded), refundOf(transactionNo));
      return succeeded;
    },
  },
  {
    message: 'try_dead',
    play: async (books) => {
      const created = await books.create();
      await books.learnAlone(created, DECLINED);
      return created;
    },
  },
  {
    // The order for the surplus, which the payment book decides when it hears of the charge.
    message: 'return_money',
    play: async (books, transactionNo) => {
      const created = await books.create();
      await books.learnAlone(created, PENDING);
      await books.apply(keyOf(created), { type: 'close_payment' });
      await books.learnAlone(created, CLOSED, 1, 'query');
      const closed = await books.door.catchUp(await books.reload(created));
      await books.learnAlone(closed, paid({ transactionNo }));
      await takeInAlone(books, closed, 'charge');
      return closed;
    },
  },
  {
    message: 'return_result',
    play: async (books, transactionNo) => {
      const succeeded = await paidWhole(books, transactionNo);
      const owed = await books.apply(keyOf(succeeded), refundOf(transactionNo));
      await returnAlone(books, owed);
      return owed;
    },
  },
];

function refundOf(transactionNo: string) {
  return {
    type: 'request_refund',
    merchantRefundNo: `${transactionNo}-R1`,
    amountMinor: AMOUNT_MINOR,
    note: null,
  } as const;
}

async function paidWhole(books: ApartBooks, transactionNo: string): Promise<Aggregate> {
  const created = await books.create();
  await books.learnAlone(created, paid({ transactionNo }));
  return await books.door.catchUp(await books.reload(created));
}

/** The book that a message is for takes it in, and what it answers goes nowhere. */
async function takeInAlone(
  books: ApartBooks,
  aggregate: Aggregate,
  type: Message['type'],
): Promise<void> {
  const missing = missingMessages(await books.reload(aggregate));
  const found = missing.find(({ message }) => message.type === type);
  if (!found) throw new Error(`there is no ${type} to take in`);
  const book = type === 'open_try' ? 'channel' : 'payment';
  await books.alone[book].apply(keyOf(aggregate), { type: 'message', ...found });
}

/** The channel returns the money, and only the channel book hears of it. */
async function returnAlone(books: ApartBooks, aggregate: Aggregate): Promise<void> {
  const key = keyOf(aggregate);
  const [order] = aggregate.orders;
  const refund = order?.refunds[0];
  if (!order || !refund) throw new Error('nothing is to be returned');
  const { number, channelRefundNo, transactionNo, amountMinor, currency } = refund;
  await books.alone.channel.apply(key, { type: 'refund_sending', attempt: 1, number });
  await books.alone.channel.apply(key, {
    type: 'refund_outcome_learned',
    attempt: 1,
    number,
    outcome: {
      type: 'succeeded',
      refund: {
        channelRefundNo,
        refundId: `F${channelRefundNo}`,
        transactionNo,
        amountMinor,
        currency,
        refundedAtMs: books.clock.nowMs(),
      },
      channelCode: 'DONE',
    },
    evidence: { via: 'query', operation: 'refund_query', raw: 'DONE' },
    planned: true,
    from: { channel: order.channel, account: order.account },
  });
}
