/** Which of the two books a decision has changed, and what they then know of each other, where they lie apart. */
import type { Aggregate, Apart } from './aggregate.ts';
import type { Consequences, Context } from './decision.ts';
import type { Draft } from './draft.ts';
import type { Effect } from './effect.ts';
import type { Case } from './exceptions/kind.ts';
import { bookOf } from './exceptions/kind.ts';
import type { Book } from './message.ts';
import { senderOf } from './message.ts';

/** With one database every change is one of the payment; apart, each book is written only when it changed. */
export function touchedBooks(
  before: Aggregate | null,
  { payment, orders, out }: Draft,
  { isApart, scope }: Context,
): { payment: boolean; channel: boolean } {
  if (!isApart) return { payment: true, channel: true };
  if (scope !== 'both') return { payment: scope === 'payment', channel: scope === 'channel' };
  const caseBooks = out.cases.filter((one, at) => before?.cases[at] !== one).map(bookOfCase);
  const effectBooks = out.effects.map(bookOfEffect);
  const postingBooks = out.postings.map((one) => one.book);
  const books = new Set([...caseBooks, ...effectBooks, ...postingBooks]);
  const isPaymentChanged = before?.payment !== payment || out.events.length > 0;
  const isChannelChanged = orders.some((order, at) => before?.orders[at] !== order);
  return {
    payment: isPaymentChanged || books.has('payment'),
    channel: isChannelChanged || books.has('channel'),
  };
}

function bookOfCase({ kind }: Case): 'payment' | 'channel' {
  return bookOf(kind);
}

/** In which book's database an effect is kept. */
export function bookOfEffect(effect: Effect): Book {
  switch (effect.type) {
    case 'expire':
    case 'event':
      return 'payment';
    case 'received':
      return effect.book;
    case 'message':
      return senderOf(effect.message);
    case 'submit':
    case 'ask':
    case 'ask_done':
    case 'refund_job':
    case 'refund_job_done':
      return 'channel';
  }
}

/** What the books know of each other after this decision. */
export function nextApart(
  before: Aggregate | null,
  out: Consequences,
  touchesChannel: boolean,
): Apart {
  const known = before?.apart;
  const withReceived = (former: readonly string[] = [], book: 'payment' | 'channel'): string[] => {
    const keys = out.effects.flatMap((one) =>
      one.type === 'received' && one.book === book ? [one.key] : [],
    );
    // A message that comes again (a close that is asked for twice) is in the inbox once.
    return [...new Set([...former, ...keys])];
  };
  return {
    channelVersion: (known?.channelVersion ?? 0) + (touchesChannel ? 1 : 0),
    receivedByPaymentBook: withReceived(known?.receivedByPaymentBook, 'payment'),
    receivedByChannelBook: withReceived(known?.receivedByChannelBook, 'channel'),
  };
}
