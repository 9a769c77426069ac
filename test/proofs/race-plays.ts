/**
 * The races: what stands before, who runs, and what must be true after. Each client runs by one of several
 * doors; all begin at once.
 */
import { randomBytes } from 'node:crypto';
import type { Aggregate } from '../../src/core/aggregate.ts';
import { ID_RANDOM_BYTES, idToUuid, newPaymentId } from '../../src/core/id.ts';
import type { CreatePayment, Input } from '../../src/core/input.ts';
import { checkAggregate } from '../../src/core/invariants.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { refundedMinor, reservedMinor } from '../../src/core/refund-sums.ts';
import type { Applied } from '../../src/runtime/apply.ts';
import type { PaymentKey } from '../../src/store/store.ts';
import {
  AMOUNT_MINOR,
  BANK,
  CLOSED,
  createInput,
  PENDING,
  paid,
  WALLET_QR,
} from '../support/scripted-payment.ts';
import type { RaceGround, Safeguard } from './race-ground.ts';
import { VERSION_GUARD } from './race-ground.ts';

/** One round: a number that is its own, and how many run. */
export type Round = { readonly name: string; readonly clients: number };

export type Race = {
  readonly name: string;
  /** What its control lacks. */
  readonly without: Safeguard;
  /** Plays one round; answers what is wrong, in words. */
  play(ground: RaceGround, round: Round): Promise<string[]>;
};

const OTHER_TRY = { ...WALLET_QR, allowOverlap: true };
/** The guard alone is not all: two changes of one version would meet again at these keys. */
const NO_GUARD: Safeguard = {
  statement: VERSION_GUARD,
  schema: `ALTER TABLE history DROP CONSTRAINT IF EXISTS history_pkey;
    ALTER TABLE journal DROP CONSTRAINT IF EXISTS journal_pkey`,
};

export const RACES: readonly Race[] = [
  {
    name: 'refunds past the remainder',
    without: NO_GUARD,
    play: async (ground, { name, clients }) => {
      const key = await paidPayment(ground, name);
      const part = 600;
      const results = await all(
        ground,
        clients,
        () => key,
        (at) => refund(`${name}-${at}`, part),
      );
      const after = await ground.load(key);
      const taken = count(results, 'changed');
      return [
        ...brokenIn(after),
        ...when(reservedMinor(after.payment) > AMOUNT_MINOR, 'more is set aside than was charged'),
        ...when(taken !== Math.floor(AMOUNT_MINOR / part), `${taken} refunds were taken`),
      ];
    },
  },
  {
    name: 'two winners',
    without: NO_GUARD,
    play: async (ground, { name, clients }) => {
      const key = await waitingAtBank(ground, name);
      await ground.apply(0, key, { type: 'request_try', try: OTHER_TRY });
      await all(
        ground,
        clients,
        () => key,
        (at) => {
          const attempt = 1 + (at % 2);
          const outcome = paid({ transactionNo: `${name}-${attempt}` });
          return learned(attempt, outcome, 'notification', attempt === 1 ? BANK : WALLET);
        },
      );
      const after = await ground.load(key);
      const winners = await entries(ground, key, 'payment', 'winner');
      const owed = after.payment.refunds.map((one) => one.reason).join();
      return [
        ...brokenIn(after),
        ...when(winners !== 1, `${winners} winners are booked`),
        ...when(owed !== 'duplicate', `owed back: ${owed || 'nothing'}`),
      ];
    },
  },
  {
    name: 'two payments for one merchant order number',
    without: { schema: 'DROP INDEX IF EXISTS payment_merchant_order_no' },
    play: async (ground, { name, clients }) => {
      const inputs = Array.from({ length: clients }, () => creation(ground, name, {}));
      const results = await all(
        ground,
        clients,
        (at) => keyAt(inputs, at),
        (at) => inputAt(inputs, at),
      );
      const ids = new Set(results.map((one) => one.aggregate?.payment.id));
      const { rows } = await ground.pool.query<{ count: string }>(
        'SELECT count(*) FROM payment WHERE merchant_number = $1 AND merchant_order_no = $2',
        [ground.merchantNumber, name],
      );
      const stored = Number(rows[0]?.count);
      return [
        ...when(stored !== 1, `${stored} payments have one number`),
        ...when(ids.size !== 1, `clients were answered ${ids.size} payments`),
      ];
    },
  },
  {
    name: 'close against pay',
    without: NO_GUARD,
    play: async (ground, { name, clients }) => {
      const key = await created(ground, name, {});
      await ground.apply(0, key, { type: 'close_payment' });
      await all(
        ground,
        clients,
        () => key,
        (at) =>
          at % 2 === 0
            ? learned(1, CLOSED, 'query')
            : learned(1, paid({ transactionNo: `${name}-1` }), 'notification'),
      );
      const after = await ground.load(key);
      const { payment } = after;
      const isWon = payment.status === 'succeeded' && payment.refunds.length === 0;
      const isReturned = payment.status === 'closed' && payment.refunds.length === 1;
      const charges = await entries(ground, key, 'channel', 'charge:%');
      return [
        ...brokenIn(after),
        ...when(!isWon && !isReturned, `${payment.status}, ${payment.refunds.length} returns`),
        ...when(charges !== 1, `the money was booked ${charges} times`),
      ];
    },
  },
  {
    name: 'open against close',
    without: NO_GUARD,
    play: async (ground, { name, clients }) => {
      const key = await waitingAtBank(ground, name);
      await all(
        ground,
        clients,
        () => key,
        (at) =>
          at % 2 === 0 ? { type: 'request_try', try: OTHER_TRY } : { type: 'close_payment' },
      );
      const after = await ground.load(key);
      const open = after.orders.filter((one) => one.closeStep === 'none').length;
      const lost = await changesLost(ground, key);
      return [
        ...brokenIn(after),
        ...when(after.payment.closing !== 'merchant', 'the close was lost'),
        ...when(lost > 0, `${lost} changes were written over by others`),
        ...when(open > 0, `${open} orders stay open under a close`),
      ];
    },
  },
  {
    name: 'console refund against merchant refund',
    without: NO_GUARD,
    play: async (ground, { name, clients }) => {
      const key = await paidPayment(ground, name);
      const half = Math.ceil(AMOUNT_MINOR / 2);
      const results = await all(
        ground,
        clients,
        () => key,
        (at) =>
          at % 2 === 0
            ? refund(`${name}-${at}`, half)
            : refundedAtConsole(`${name}-C`, `${name}-1`, half),
      );
      const after = await ground.load(key);
      const { foreignReturnedMinor } = after.payment;
      const refundCount = after.payment.refunds.length;
      const returns = await entries(ground, key, 'payment', 'foreign:%');
      return [
        ...brokenIn(after),
        ...when(
          foreignReturnedMinor !== half || returns !== 1,
          `it counts ${foreignReturnedMinor}`,
        ),
        ...when(refundCount > 1, `${refundCount} refunds of a half beside it`),
        ...when(count(results, 'changed') !== refundCount + 1, 'an answer is not what was stored'),
        ...when(refundedMinor(after.payment) !== half, 'something counts as returned twice'),
      ];
    },
  },
  {
    name: 'one surplus found by everybody at once',
    without: NO_GUARD,
    play: async (ground, { name, clients }) => {
      const key = await paidPayment(ground, name);
      const both = paid({ transactionNo: `${name}-1` }, { transactionNo: `${name}-2` });
      const second = paid({ transactionNo: `${name}-2` });
      await all(
        ground,
        clients,
        () => key,
        (at) => (at % 2 === 0 ? learned(1, second, 'notification') : learned(1, both, 'query')),
      );
      const sending = { type: 'refund_sending', attempt: 1, number: 1 } as const;
      const senders = count(
        await all(
          ground,
          clients,
          () => key,
          () => sending,
        ),
        'changed',
      );
      const after = await ground.load(key);
      const booked = await entries(ground, key, 'payment', 'surplus:%');
      const numbers = after.orders[0]?.refunds.length;
      const told = await events(ground, key, 'exception.opened');
      return [
        ...brokenIn(after),
        ...when(booked !== 1 || numbers !== 1, `booked ${booked} times, ${numbers} numbers`),
        ...when(senders !== 1, `${senders} were let send it`),
        ...when(told !== 1, `told ${told} times`),
      ];
    },
  },
  {
    name: 'one merchant refund number for two payments',
    without: { schema: 'DROP INDEX IF EXISTS refund_merchant_refund_no' },
    play: async (ground, { name, clients }) => {
      const keys = [await paidPayment(ground, `${name}-a`), await paidPayment(ground, `${name}-b`)];
      const results = await Promise.allSettled(
        Array.from(
          { length: clients },
          async (_, at) => await ground.apply(at, keyAt(keys, at % 2), refund(name, 100)),
        ),
      );
      // Whoever comes second is refused by the unique number, which the request turns into an answer.
      const refused = results.filter((one) => one.status === 'rejected' && !isUnique(one.reason));
      const stored = await Promise.all(keys.map(async (key) => await ground.load(key)));
      const owners = stored.filter((one) => one.payment.refunds.length > 0).length;
      return [
        ...stored.flatMap(brokenIn),
        ...when(owners !== 1, `${owners} payments have the number`),
        ...when(refused.length > 0, `${refused.length} ended with an error`),
      ];
    },
  },
];

function isUnique(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}

/** Everybody at once; what is rejected ends the round with its error. */
async function all(
  ground: RaceGround,
  clients: number,
  keyOf: (at: number) => PaymentKey,
  inputOf: (at: number) => Input,
): Promise<Applied[]> {
  return await Promise.all(
    Array.from(
      { length: clients },
      async (_, at) => await ground.apply(at, keyOf(at), inputOf(at)),
    ),
  );
}

function creation(ground: RaceGround, name: string, change: Partial<CreatePayment>): CreatePayment {
  const { merchantNumber } = ground;
  const paymentId = newPaymentId(merchantNumber, Date.now(), randomBytes(ID_RANDOM_BYTES));
  return createInput({ paymentId, merchantNumber, merchantOrderNo: name, ...change });
}

async function created(
  ground: RaceGround,
  name: string,
  change: Partial<CreatePayment>,
): Promise<PaymentKey> {
  const input = creation(ground, name, change);
  await ground.apply(0, input, input);
  return { merchantNumber: input.merchantNumber, paymentId: input.paymentId };
}

/** Accepted by a bank that cannot close it: another try may overlap it. */
async function waitingAtBank(ground: RaceGround, name: string): Promise<PaymentKey> {
  const key = await created(ground, name, { try: BANK });
  await ground.apply(0, key, learned(1, PENDING, 'query', BANK));
  return key;
}

async function paidPayment(ground: RaceGround, name: string): Promise<PaymentKey> {
  const key = await created(ground, name, {});
  const outcome = paid({ transactionNo: `${name}-1`, paidAtMs: Date.now() });
  await ground.apply(0, key, learned(1, outcome, 'notification'));
  return key;
}

type Account = { readonly channel: string; readonly account: string };
const WALLET: Account = { channel: 'wallet', account: 'main' };

function learned(
  attempt: number,
  outcome: Outcome,
  via: 'notification' | 'query',
  { channel, account }: Account = WALLET,
): Input {
  const evidence = { via, operation: via, raw: outcome.channelCode };
  const from = { channel, account };
  return { type: 'outcome_learned', attempt, outcome, evidence, planned: false, from };
}

function refund(merchantRefundNo: string, amountMinor: number): Input {
  return { type: 'request_refund', merchantRefundNo, amountMinor, note: null };
}

function refundedAtConsole(refundId: string, transactionNo: string, amountMinor: number): Input {
  const evidence = { via: 'notification', operation: 'notification', raw: 'console' } as const;
  const money = { channelRefundNo: null, refundId, transactionNo, amountMinor, currency: 'CNY' };
  return {
    type: 'foreign_refund_learned',
    attempt: 1,
    refund: { ...money, refundedAtMs: Date.now() },
    evidence,
    from: WALLET,
  };
}

function brokenIn(aggregate: Aggregate): string[] {
  return checkAggregate(aggregate).map(({ id, words }) => `${id} ${words}`);
}

function when(isWrong: boolean, words: string): string[] {
  return isWrong ? [words] : [];
}

function count(results: readonly Applied[], type: 'changed' | 'unchanged' | 'refused'): number {
  return results.filter((one) => one.decision.type === type).length;
}

function keyAt(keys: readonly PaymentKey[], at: number): PaymentKey {
  const key = keys[at];
  if (!key) throw new Error(`there is no payment ${at}`);
  return key;
}

function inputAt(inputs: readonly Input[], at: number): Input {
  const input = inputs[at];
  if (!input) throw new Error(`there is no input ${at}`);
  return input;
}

async function entries(
  ground: RaceGround,
  key: PaymentKey,
  book: 'channel' | 'payment',
  pattern: string,
): Promise<number> {
  const { rows } = await ground.pool.query<{ count: string }>(
    'SELECT count(*) FROM journal WHERE payment_id = $1 AND book = $2 AND entry LIKE $3',
    [idToUuid(key.paymentId), book, pattern],
  );
  return Number(rows[0]?.count);
}

/** Changes that were made to a version that somebody else had changed already. */
async function changesLost(ground: RaceGround, key: PaymentKey): Promise<number> {
  const { rows } = await ground.pool.query<{ lost: string }>(
    'SELECT count(*) - count(DISTINCT version) AS lost FROM history WHERE payment_id = $1',
    [idToUuid(key.paymentId)],
  );
  return Number(rows[0]?.lost);
}

async function events(ground: RaceGround, key: PaymentKey, type: string): Promise<number> {
  const { rows } = await ground.pool.query<{ count: string }>(
    'SELECT count(*) FROM event WHERE payment_id = $1 AND type = $2',
    [idToUuid(key.paymentId), type],
  );
  return Number(rows[0]?.count);
}
