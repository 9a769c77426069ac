/**
 * What follows from the differences of a day (差错处理): the channel is asked first, and its answer goes
 * through the one door; where it cannot answer, a statement that our connector fetched
 * proves; what nobody can settle is a case with an owner. Absence never changes a state.
 */
import type { Connector } from '../../channels/connector.ts';
import type { Aggregate } from '../../core/aggregate.ts';
import type { ChannelOrder } from '../../core/channel-order.ts';
import type { StatementDifference } from '../../core/reconciliation/difference.ts';
import { merchantNumberOf } from '../../core/id.ts';
import type { Input } from '../../core/input.ts';
import { majorText } from '../../core/money.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Pool } from '../../store/postgres/pool.ts';
import type { StoredItem, StoredReconciliation } from '../../store/postgres/reconciliations.ts';
import { listItems, noteOutcome } from '../../store/postgres/reconciliations.ts';
import type { PaymentKey, Store } from '../../store/store.ts';
import type { Door } from '../apply.ts';
import type { Clock } from '../clock.ts';
import type { KillPoints } from '../kill-point.ts';
import type { Performer } from '../perform.ts';
import { isKnown, orderNamed, orderOf, outcomeOfLine, refundOfLine } from './known-line.ts';
import type { SuspenseParts } from './suspense.ts';
import { openNameless } from './suspense.ts';

export type SettleParts = SuspenseParts & {
  readonly pool: Pool;
  readonly store: Pick<Store, 'load'>;
  readonly door: Door;
  readonly performer: Performer;
  readonly clock: Clock;
  readonly killPoint: KillPoints;
};

export type SettleWanted = {
  readonly connector: Connector;
  readonly run: StoredReconciliation;
  /** Whether our connector fetched the statement: only then does its word settle what a question cannot. */
  readonly isProof: boolean;
};

type Settled = { readonly outcome: 'settled' | 'case' | 'suspense'; readonly words: string };

const PAGE_SIZE = 200;

/**
 * Settles every difference of which nothing has become yet, one after the other; done again after a
 * crash it goes on where it was. Answers how many it settled.
 */
export async function settleDifferences(parts: SettleParts, wanted: SettleWanted): Promise<number> {
  const { number } = wanted.run;
  let count = 0;
  let after = 0;
  for (;;) {
    const page = { after, limit: PAGE_SIZE, isUnsettled: true };
    const items = await listItems(parts.pool, number, page);
    for (const item of items) {
      const { outcome, words } = await settleOne(item, parts, wanted);
      parts.killPoint('reconcile.after_settle');
      const atMs = parts.clock.nowMs();
      await noteOutcome(parts.pool, number, item.itemNo, { outcome, words, atMs });
      count += 1;
    }
    const last = items.at(-1);
    if (!last || items.length < PAGE_SIZE) return count;
    after = last.itemNo;
  }
}

async function settleOne(
  item: StoredItem,
  parts: SettleParts,
  wanted: SettleWanted,
): Promise<Settled> {
  const named = orderNamed(item);
  const key = named && { merchantNumber: merchantNumberOf(named.paymentId), ...named };
  const [aggregate = null] = key ? await parts.store.load([key]) : [];
  const order = named && orderOf(aggregate, named.attempt, wanted.connector);
  if (!key || !aggregate || !order) return await openNameless(item, parts, wanted.run);
  const one = { key, order, item };
  const answer = await ask(parts, wanted.connector, aggregate, one);
  switch (item.class) {
    case 'channel_only':
      return await settleChannelOnly(parts, wanted, one, answer);
    case 'platform_only':
      return await settlePlatformOnly(parts, wanted, one, answer);
    case 'duplicate':
    case 'amount':
    case 'status':
    case 'fee':
      return await openDifference(parts, wanted, one);
    case 'carried':
    case 'named':
      return { outcome: 'settled', words: 'Nothing has to follow.' };
  }
}

type OneDifference = {
  readonly key: PaymentKey & { readonly attempt: number };
  /** As it stood before the channel was asked. */
  readonly order: ChannelOrder;
  readonly item: StoredItem;
};

/** What the channel said now, and how the order stands since. */
type Answered = { readonly said: Outcome['type'] | null; readonly order: ChannelOrder };

/** Asks the channel about the order, and about the refund where the line names one of ours. */
async function ask(
  parts: SettleParts,
  connector: Connector,
  aggregate: Aggregate,
  { key, order, item }: OneDifference,
): Promise<Answered> {
  const { attempt } = key;
  const call = { planned: false, deadlineAtMs: Number.POSITIVE_INFINITY, permit: null };
  const refund = order.refunds.find((one) => one.channelRefundNo === item.refundNo);
  if (refund) await parts.performer.performRefund(aggregate, attempt, refund.number, 'query', call);
  const permit = connector.acquire();
  if (!permit) return { said: null, order: await reload(parts, key, order) };
  const askedAtMs = parts.clock.nowMs();
  const deadlineAtMs = askedAtMs + connector.callDeadlineMs;
  const { outcome, raw } = await connector
    .query(order, deadlineAtMs)
    .finally(() => permit.release());
  await parts.door.apply(key, {
    type: 'outcome_learned',
    attempt,
    outcome,
    evidence: { via: 'query', operation: 'query', raw },
    planned: false,
    askedAtMs,
    from: { channel: order.channel, account: order.account },
  });
  parts.killPoint('reconcile.after_ask');
  return { said: outcome.type, order: await reload(parts, key, order) };
}

async function reload(
  { store }: SettleParts,
  key: OneDifference['key'],
  before: ChannelOrder,
): Promise<ChannelOrder> {
  const [aggregate] = await store.load([key]);
  return aggregate?.orders.find((one) => one.attempt === key.attempt) ?? before;
}

async function settleChannelOnly(
  parts: SettleParts,
  wanted: SettleWanted,
  one: OneDifference,
  { said, order }: Answered,
): Promise<Settled> {
  const { item } = one;
  if (isKnown(order, item)) {
    const isOld = isKnown(one.order, item);
    return {
      outcome: 'settled',
      words: isOld ? 'Our books have it since.' : 'The channel confirmed it when it was asked.',
    };
  }
  const cannotSay = said === null || said === 'unknown';
  const fact = wanted.isProof && cannotSay ? factOfLine(item, order, one.key.attempt) : null;
  if (fact) {
    await parts.door.apply(one.key, fact);
    if (isKnown(await reload(parts, one.key, order), item)) {
      return {
        outcome: 'settled',
        words: 'The channel could not be asked: its statement proved it.',
      };
    }
  }
  const answer = said === null ? 'it could not be asked' : `asked, it says "${said}"`;
  const why = wanted.isProof
    ? `The statement has ${wordsOf(item)}, and ${answer}: clear it up with the channel.`
    : `An uploaded statement has ${wordsOf(item)}, and ${answer}: confirm it with the channel.`;
  return await openCase(parts, one, 'channel_only', why, item.channelMinor ?? 0);
}

async function settlePlatformOnly(
  parts: SettleParts,
  wanted: SettleWanted,
  one: OneDifference,
  { said, order }: Answered,
): Promise<Settled> {
  const { item } = one;
  const isReversed = order.charges.some(
    (charge) => charge.transactionNo === item.transactionNo && charge.reversedAtMs !== null,
  );
  if (item.kind === 'payment' && isReversed) {
    return { outcome: 'settled', words: 'The channel says that it took the charge back.' };
  }
  const answer = said === null ? 'could not be asked' : `says "${said}"`;
  const why = `No statement up to ${wanted.run.day} has ${wordsOf(item)}, and the channel ${answer}: the books stay as they are; clear it up with the channel.`;
  return await openCase(parts, one, 'platform_only', why, item.platformMinor ?? 0);
}

const DIFFERENCE_WORDS = {
  duplicate: 'stands twice in the statement',
  amount: 'has another amount in the statement',
  status: 'has another state in the statement',
  fee: 'has another fee in the statement',
} as const;

async function openDifference(
  parts: SettleParts,
  { run }: SettleWanted,
  one: OneDifference,
): Promise<Settled> {
  const { item } = one;
  const what = DIFFERENCE_WORDS[item.class as keyof typeof DIFFERENCE_WORDS];
  const both = [item.channelMinor ?? 0, item.platformMinor ?? 0] as const;
  const fees = [item.channelFeeMinor ?? 0, item.platformFeeMinor ?? 0] as const;
  const [channel, platform] = item.class === 'fee' ? fees : both;
  const sums = `${majorText(channel, item.currency)} there, ${majorText(platform, item.currency)} here`;
  const why = `${wordsOf(item)} ${what} of ${run.day} (${sums}): clear it up with the channel.`;
  const atRisk = item.class === 'status' ? platform : Math.abs(channel - platform);
  return await openCase(parts, one, 'statement_difference', why, atRisk);
}

async function openCase(
  { door }: SettleParts,
  { key, item }: OneDifference,
  kind: StatementDifference['kind'],
  nextAction: string,
  moneyAtRiskMinor: number,
): Promise<Settled> {
  await door.apply(key, {
    type: 'difference_found',
    kind,
    subject: subjectOf(item),
    attempt: key.attempt,
    owner: 'reconciliation',
    nextAction,
    moneyAtRiskMinor,
  });
  return { outcome: 'case', words: nextAction };
}

/** What a difference is about, the same in every comparison in which it stands. */
export function subjectOf(
  item: Pick<StoredItem, 'kind' | 'orderNo' | 'refundNo' | 'transactionNo'>,
): string {
  const { kind, orderNo, refundNo, transactionNo } = item;
  return `${kind}:${refundNo ?? `${orderNo ?? ''}:${transactionNo ?? ''}`}`;
}

function wordsOf(item: StoredItem): string {
  const minor = item.channelMinor ?? item.platformMinor ?? 0;
  const number = item.refundNo ?? item.transactionNo ?? item.orderNo ?? '';
  return `the ${item.kind} ${number} of ${majorText(minor, item.currency)} ${item.currency}`;
}

/** The line as a fact of its own, through the door like any other; null where it cannot be one. */
function factOfLine(item: StoredItem, order: ChannelOrder, attempt: number): Input | null {
  const { channel, account } = order;
  const from = { channel, account };
  const raw = `line ${item.lineNo ?? 0} of the statement: ${item.word ?? item.kind} ${item.transactionNo ?? ''}`;
  const evidence = { via: 'statement', operation: 'statement', raw } as const;
  const outcome = outcomeOfLine(item);
  if (outcome) return { type: 'outcome_learned', attempt, outcome, evidence, planned: false, from };
  const refund = refundOfLine(item);
  if (!refund) return null;
  const ours = order.refunds.find((one) => one.channelRefundNo === refund.channelRefundNo);
  if (!ours) return { type: 'foreign_refund_learned', attempt, refund, evidence, from };
  return {
    type: 'refund_outcome_learned',
    attempt,
    number: ours.number,
    outcome: { type: 'succeeded', refund, channelCode: item.word ?? item.kind },
    evidence,
    planned: false,
    from,
  };
}
