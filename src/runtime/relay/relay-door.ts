/**
 * The one door where the two books lie in two databases and are coupled by messages. An input goes to
 * the book that it is about; what that book has to say is tried in line, hop by hop, for as long as the
 * caller can wait. What is not delivered by then stays in the outbox for the relay. A message that is
 * taken in twice counts once, so nobody has to know who else is bringing it.
 */
import type { Aggregate } from '../../core/aggregate.ts';
import type { Decision } from '../../core/decision.ts';
import type { Effect } from '../../core/effect.ts';
import { bookOf } from '../../core/exceptions/kind.ts';
import type { Input } from '../../core/input.ts';
import type { Book, Message } from '../../core/message.ts';
import { isToChannelBook, senderOf } from '../../core/message.ts';
import type { KeyedMessage } from '../../core/missing-messages.ts';
import { missingMessages } from '../../core/missing-messages.ts';
import type { OutboxPort } from '../../store/relay-store.ts';
import type { PaymentKey, Store } from '../../store/store.ts';
import type { Applied, Door } from '../apply.ts';
import type { Clock } from '../clock.ts';
import type { KillPoints } from '../kill-point.ts';

export type RelayDoor = Door & {
  /** Has the right book take one message in, and whatever follows from it; then lets go of its row. */
  deliver(key: PaymentKey, message: KeyedMessage): Promise<Applied>;
  /** Brings everything that either book has not heard of this payment, as far as patience goes. */
  catchUp(aggregate: Aggregate): Promise<Aggregate>;
};

export type RelayDoorOptions = {
  /** The doors onto the two books, each with its own store and a context of its scope. */
  readonly doors: { readonly payment: Door; readonly channel: Door };
  readonly store: Pick<Store, 'load'>;
  readonly outbox: OutboxPort;
  readonly clock: Clock;
  readonly killPoint: KillPoints;
  /** How long a caller waits for the hops that follow from its input. */
  readonly hopWithinMs: number;
  /** Told of an order that came to the channel book after its caller had left: it is to be sent. */
  readonly onLateSubmit: (aggregate: Aggregate, attempt: number) => void;
  /** Messages that are to be lost on their first way, with their outbox row: for practice, in a sandbox. */
  readonly isLost?: (aggregate: Aggregate, message: Message) => boolean;
};

/** Most hops that one input may cause; a longer chain is a bug of ours, and the relay goes on with it. */
const HOPS_MAX = 32;

/** A door over both books. */
export function openRelayDoor(options: RelayDoorOptions): RelayDoor {
  const { doors } = options;
  return {
    apply: async (key, input) => await applyAndHop(key, input, options),
    deliver: async (key, message) => await deliver(key, message, options),
    catchUp: async (aggregate) => await catchUp(aggregate, options),
    onCommitted: (listener) => {
      const ends = [doors.payment.onCommitted(listener), doors.channel.onCommitted(listener)];
      return () => ends.every((end) => end());
    },
    giveNoticesTo: (taker) => doors.payment.giveNoticesTo(taker),
    drain: async () => {
      await Promise.all([doors.payment.drain(), doors.channel.drain()]);
    },
  };
}

async function applyAndHop(
  key: PaymentKey,
  input: Input,
  options: RelayDoorOptions,
): Promise<Applied> {
  const book = await bookOfInput(key, input, options.store);
  const first = await options.doors[book].apply(key, input);
  if (!first.aggregate || first.decision.type !== 'changed') return first;
  const { merchantNumber, id: paymentId } = first.aggregate.payment;
  const all = messagesOf(first.decision);
  const messages = await withoutLost({ merchantNumber, paymentId }, all, first.aggregate, options);
  if (messages.length === 0) return first;
  options.killPoint('relay.before_hop');
  const hops = hopAll({ merchantNumber, paymentId }, messages, first, options);
  const inTime = await within(hops, options);
  options.killPoint('relay.after_hop');
  if (inTime) return inTime;
  // The caller has left; whatever still comes of it is nobody's but ours.
  void hops.then((late) => submitLate(late, options)).catch(() => {});
  return first;
}

/** The messages but for those that are to be lost, whose rows are gone then. */
async function withoutLost(
  key: PaymentKey,
  messages: readonly KeyedMessage[],
  aggregate: Aggregate,
  { outbox, isLost }: RelayDoorOptions,
): Promise<readonly KeyedMessage[]> {
  if (!isLost) return messages;
  const lost = messages.filter(({ message }) => isLost(aggregate, message));
  for (const { key: messageKey, message } of lost) {
    await outbox.drop(senderOf(message), [{ ...key, key: messageKey }]);
  }
  return messages.filter((one) => !lost.includes(one));
}

/** Delivers messages, and those that follow from them, in their order. Rejects where a book cannot be reached. */
async function hopAll(
  key: PaymentKey,
  messages: readonly KeyedMessage[],
  first: Applied,
  options: RelayDoorOptions,
): Promise<Applied> {
  const waiting = [...messages];
  const effects: Effect[] = first.decision.type === 'changed' ? [...first.decision.effects] : [];
  let { aggregate } = first;
  for (let hops = 0; hops < HOPS_MAX; hops++) {
    const message = waiting.shift();
    if (!message) break;
    const applied = await takeIn(key, message, options);
    aggregate = applied.aggregate ?? aggregate;
    if (applied.decision.type !== 'changed') continue;
    effects.push(...applied.decision.effects);
    waiting.push(...messagesOf(applied.decision));
  }
  const { decision } = first;
  return {
    decision: decision.type === 'changed' ? { ...decision, effects } : decision,
    aggregate,
  };
}

async function takeIn(
  key: PaymentKey,
  { key: messageKey, message }: KeyedMessage,
  { doors, outbox, killPoint }: RelayDoorOptions,
): Promise<Applied> {
  const sender = senderOf(message);
  const target = doors[sender === 'payment' ? 'channel' : 'payment'];
  const applied = await target.apply(key, { type: 'message', key: messageKey, message });
  killPoint('relay.after_take_in');
  if (applied.decision.type === 'refused') {
    throw new Error(`${messageKey} of ${key.paymentId}: ${applied.decision.refusal.detail}`);
  }
  await outbox.drop(sender, [{ ...key, key: messageKey }]);
  return applied;
}

async function deliver(
  key: PaymentKey,
  message: KeyedMessage,
  options: RelayDoorOptions,
): Promise<Applied> {
  const applied = await takeIn(key, message, options);
  if (applied.decision.type !== 'changed') return applied;
  const all = await hopAll(key, messagesOf(applied.decision), applied, options);
  submitLate(all, options);
  return all;
}

async function catchUp(aggregate: Aggregate, options: RelayDoorOptions): Promise<Aggregate> {
  const missing = missingMessages(aggregate);
  if (missing.length === 0) return aggregate;
  const { merchantNumber, id: paymentId } = aggregate.payment;
  const nothing: Applied = { decision: { type: 'unchanged', attempt: null }, aggregate };
  const hops = hopAll({ merchantNumber, paymentId }, missing, nothing, options).then((all) => {
    submitLate(all, options);
    return all;
  });
  return (await within(hops, options))?.aggregate ?? aggregate;
}

/** The result, or null when it takes too long or breaks: then the relay goes on with it. */
async function within(
  hops: Promise<Applied>,
  { clock, hopWithinMs }: RelayDoorOptions,
): Promise<Applied | null> {
  const patience = new AbortController();
  const late = clock.sleep(hopWithinMs, patience.signal).then(() => null);
  const done = hops.catch(() => null);
  const first = await Promise.race([done, late]);
  patience.abort();
  return first;
}

function submitLate({ decision, aggregate }: Applied, { onLateSubmit }: RelayDoorOptions): void {
  if (!aggregate || decision.type !== 'changed') return;
  for (const effect of decision.effects) {
    if (effect.type === 'submit') onLateSubmit(aggregate, effect.attempt);
  }
}

function messagesOf(decision: Extract<Decision, { type: 'changed' }>): KeyedMessage[] {
  return decision.effects.flatMap((effect) =>
    effect.type === 'message' ? [{ key: effect.key, message: effect.message }] : [],
  );
}

/** The book that an input is about. What a person decides about a case belongs to the book that keeps it. */
async function bookOfInput(
  key: PaymentKey,
  input: Input,
  store: Pick<Store, 'load'>,
): Promise<Book> {
  switch (input.type) {
    case 'outcome_learned':
    case 'refund_outcome_learned':
    case 'foreign_refund_learned':
    case 'refund_sending':
    case 'refund_held_back':
    case 'refund_released':
    case 'statement_silent':
    case 'difference_found':
    case 'difference_over':
      return 'channel';
    case 'message':
      return isToChannelBook(input.message) ? 'channel' : 'payment';
    case 'operator_decision': {
      // A refund is the payment book's, although its case stands where the channel refused it.
      if (input.action === 'retry_refund' || input.action === 'give_up_refund') return 'payment';
      if (input.action === 'return_money') return 'channel';
      const [found] = await store.load([key]);
      const kind = found?.cases.find((one) => one.id === input.caseId)?.kind;
      return kind ? bookOf(kind) : 'payment';
    }
    case 'create_payment':
    case 'request_try':
    case 'close_payment':
    case 'request_refund':
    case 'validity_ended':
    case 'notice_exhausted':
    case 'notice_delivered':
    case 'internal_drop_healed':
      return 'payment';
  }
}
