/** Payments that come to a message between the books, which the one who plays them then loses. */
import type { Aggregate } from '../../src/core/aggregate.ts';
import { missingMessages } from '../../src/core/missing-messages.ts';
import type { Message } from '../../src/core/message.ts';
import type { ApartBooks } from '../support/apart-books.ts';
import { keyOf } from '../support/apart-books.ts';
import {
  AMOUNT_MINOR,
  BANK,
  CLOSED,
  DECLINED,
  paid,
  PENDING,
  WALLET_QR,
} from '../support/scripted-payment.ts';

/** What stands of the payment while it lacks the message: a third of all losses each. */
export const THIRDS = ['closed', 'other_winner', 'ordinary'] as const;
export type Third = (typeof THIRDS)[number];

export const DIRECTIONS = ['toChannel', 'toPayment'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export type Loss = {
  readonly message: Message['type'];
  /** Plays a payment up to the message, which then lies in an outbox and nowhere else. */
  play(books: ApartBooks, transactionNo: string): Promise<Aggregate>;
};

/** Order 1 is the one whose message is lost; where another order won, that is order 2. */
const LOSER = 1;
const WINNER = 2;

export const LOSSES: Readonly<Record<Third, Readonly<Record<Direction, readonly Loss[]>>>> = {
  closed: {
    toChannel: [{ message: 'return_money', play: lateReturnOrdered }],
    toPayment: [
      { message: 'charge', play: paidLate },
      {
        message: 'return_result',
        play: async (books, transactionNo) => {
          const late = await paidLate(books, transactionNo);
          const owed = await books.door.catchUp(await books.reload(late));
          await returnAlone(books, owed);
          return owed;
        },
      },
    ],
  },
  other_winner: {
    toChannel: [
      {
        message: 'close_try',
        play: async (books, transactionNo) => {
          const open = await triedTwice(books);
          await books.learnAlone(open, paid({ transactionNo }), WINNER);
          await takeInAlone(books, open, 'charge');
          return open;
        },
      },
      {
        message: 'return_money',
        play: async (books, transactionNo) => {
          const won = await wonElsewhere(books, transactionNo);
          await books.learnAlone(won, paid({ transactionNo: `${transactionNo}B` }), LOSER);
          await takeInAlone(books, won, 'charge');
          return won;
        },
      },
    ],
    toPayment: [
      {
        message: 'charge',
        play: async (books, transactionNo) => {
          const won = await wonElsewhere(books, transactionNo);
          await books.learnAlone(won, paid({ transactionNo: `${transactionNo}B` }), LOSER);
          return won;
        },
      },
      {
        message: 'try_dead',
        play: async (books, transactionNo) => {
          const won = await wonElsewhere(books, transactionNo);
          await books.learnAlone(won, DECLINED, LOSER);
          return won;
        },
      },
    ],
  },
  ordinary: {
    toChannel: [
      { message: 'open_try', play: tryAllowed },
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
        message: 'return_money',
        play: async (books, transactionNo) => {
          const succeeded = await paidWhole(books, transactionNo);
          await books.alone.payment.apply(keyOf(succeeded), refundOf(transactionNo));
          return succeeded;
        },
      },
    ],
    toPayment: [
      {
        message: 'charge',
        play: async (books, transactionNo) => {
          const created = await books.create();
          await books.learnAlone(created, paid({ transactionNo }));
          return created;
        },
      },
      {
        message: 'try_opened',
        play: async (books) => {
          const created = await tryAllowed(books);
          await takeInAlone(books, created, 'open_try');
          return created;
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
        message: 'return_result',
        play: async (books, transactionNo) => {
          const succeeded = await paidWhole(books, transactionNo);
          const owed = await books.apply(keyOf(succeeded), refundOf(transactionNo));
          await returnAlone(books, owed);
          return owed;
        },
      },
    ],
  },
};

/** Which third a payment belongs to, by what its book says of it and not by how it was played. */
export function thirdOf({ payment }: Aggregate, message: Message): Third {
  if (payment.status === 'closed') return 'closed';
  const isOther = payment.winner !== null && payment.winner.attempt !== message.attempt;
  return isOther ? 'other_winner' : 'ordinary';
}

function refundOf(transactionNo: string) {
  return {
    type: 'request_refund',
    merchantRefundNo: `${transactionNo}-R1`,
    amountMinor: AMOUNT_MINOR,
    note: null,
  } as const;
}

async function tryAllowed(books: ApartBooks): Promise<Aggregate> {
  const created = await books.create({ try: null });
  await books.alone.payment.apply(keyOf(created), { type: 'request_try', try: WALLET_QR });
  return created;
}

async function paidWhole(books: ApartBooks, transactionNo: string): Promise<Aggregate> {
  const created = await books.create();
  await books.learnAlone(created, paid({ transactionNo }));
  return await books.door.catchUp(await books.reload(created));
}

/** A payment closed with proof, whose order the channel is then paid for all the same. */
async function paidLate(books: ApartBooks, transactionNo: string): Promise<Aggregate> {
  const created = await books.create();
  await books.learnAlone(created, PENDING);
  await books.apply(keyOf(created), { type: 'close_payment' });
  await books.learnAlone(created, CLOSED, LOSER, 'query');
  const closed = await books.door.catchUp(await books.reload(created));
  await books.learnAlone(closed, paid({ transactionNo }));
  return closed;
}

/** The order for the surplus, which the payment book decides when it hears of the charge. */
async function lateReturnOrdered(books: ApartBooks, transactionNo: string): Promise<Aggregate> {
  const late = await paidLate(books, transactionNo);
  await takeInAlone(books, late, 'charge');
  return late;
}

/** Two orders that can be paid at once: the first one's channel cannot close it. */
async function triedTwice(books: ApartBooks): Promise<Aggregate> {
  const created = await books.create({ try: BANK });
  await books.learnAlone(created, PENDING);
  const overlapping = { ...WALLET_QR, allowOverlap: true };
  return await books.apply(keyOf(created), { type: 'request_try', try: overlapping });
}

/** The second order has paid the payment, and both books know. */
async function wonElsewhere(books: ApartBooks, transactionNo: string): Promise<Aggregate> {
  const open = await triedTwice(books);
  await books.learnAlone(open, paid({ transactionNo }), WINNER);
  return await books.door.catchUp(await books.reload(open));
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
