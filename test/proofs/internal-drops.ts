/**
 * The proof that messages lost between two databases are found and healed: each payment loses one on
 * purpose, outbox row and all, in either direction, while it is closed, while another order is its
 * winner, or in its ordinary life. The relay stands still: only the scans and the compensation run, at
 * their real times. Every loss must become a case that is over, and both books must tie out.
 */
import type { Aggregate } from '../../src/core/aggregate.ts';
import { isToChannelBook } from '../../src/core/message.ts';
import { missingMessages } from '../../src/core/missing-messages.ts';
import { idToUuid, uuidToId } from '../../src/core/id.ts';
import { eachLimited } from '../../src/runtime/limit.ts';
import { auditApart } from '../../src/store/postgres/audit-apart.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import type { ApartBooks } from '../support/apart-books.ts';
import { NO_REPLICAS, openApartBooks } from '../support/apart-books.ts';
import type { Direction, Third } from './internal-drop-plays.ts';
import { DIRECTIONS, LOSSES, THIRDS, thirdOf } from './internal-drop-plays.ts';
import type { Percentiles } from './lost-notifications.ts';
import { percentilesOf } from './lost-notifications.ts';

export type InternalDropsRequest = {
  readonly databaseUrl: string;
  readonly channelDatabaseUrl: string;
  readonly payments: number;
  /** Over how long the losses are spread, so that they fall anywhere between two scans. */
  readonly spreadMs: number;
  /** As in the platform: 30 s. */
  readonly scanEveryMs: number;
  /** How many times faster than the wall the books' clock runs. */
  readonly speed?: number;
  readonly onProgress?: (line: string) => void;
};

export type InternalDropsReport = {
  readonly payments: number;
  readonly scanEveryMs: number;
  /** Messages lost and healed, by what stood of the payment and by direction. */
  readonly thirds: Readonly<Record<Third, Readonly<Record<Direction, LostAndHealed>>>>;
  /** Messages lost, by what they were. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Lost messages with exactly one internal_drop case that is over. */
  readonly healed: number;
  /** internal_drop cases altogether: one more than healed would be an invented drop. */
  readonly cases: number;
  /** From the loss to the heal. */
  readonly healedMs: Percentiles;
  /** What is left between the books in the end: outboxes, internal-drop table, messages not taken in. */
  readonly left: number;
  /** What a full sweep over everything still found. */
  readonly missedByScan: number;
  readonly auditBroken: readonly string[];
  readonly verdict: 'proven' | 'broken';
};

export type LostAndHealed = { readonly lost: number; readonly healed: number };

/** A payment that lacks exactly one message. */
type Bereft = {
  readonly aggregate: Aggregate;
  readonly key: string;
  readonly third: Third;
  readonly direction: Direction;
  readonly atMs: number;
};

const AT_ONCE = 8;
const ROUND_MS = 100;
/** From the last loss on: two scans, the grace, and air for a busy machine. */
const SCANS_UNTIL_OVER = 3;
const AIR_MS = 30_000;

/** Loses one message per payment, waits until all are healed, and judges both books. */
export async function proveInternalDrops(
  request: InternalDropsRequest,
): Promise<InternalDropsReport> {
  const open = (url: string) => openPool(url, { max: 8, onError: () => {} });
  const pools = { payment: open(request.databaseUrl), channel: open(request.channelDatabaseUrl) };
  const nowMs = runningClock(request.speed ?? 1);
  const { scanEveryMs } = request;
  const books = openApartBooks(pools, NO_REPLICAS, { nowMs, scanEveryMs });
  const over = new AbortController();
  try {
    const worker = workUntil(over.signal, books, request.speed ?? 1);
    const bereft = await loseAll(request, books, nowMs);
    request.onProgress?.(`${bereft.length} payments have lost a message`);
    await untilHealed(books, nowMs, nowMs() + SCANS_UNTIL_OVER * scanEveryMs + AIR_MS);
    over.abort();
    await worker;
    return await judge(request, books, bereft, nowMs());
  } finally {
    over.abort();
    await Promise.all([pools.payment.end(), pools.channel.end()]);
  }
}

function runningClock(speed: number): () => number {
  const startMs = Date.now();
  const zero = performance.now();
  return () => Math.floor(startMs + (performance.now() - zero) * speed);
}

/** The worker's rounds as in the platform, but for the relay, which brings nothing. */
async function workUntil(signal: AbortSignal, books: ApartBooks, speed: number): Promise<void> {
  while (!signal.aborted) {
    for (const kind of books.work.healing) await kind();
    await books.clock.sleep(ROUND_MS / speed);
  }
}

async function loseAll(
  { payments, spreadMs, speed = 1 }: InternalDropsRequest,
  books: ApartBooks,
  nowMs: () => number,
): Promise<Bereft[]> {
  const bereft: Bereft[] = [];
  const startMs = nowMs();
  const turns = Array.from({ length: payments }, (_, at) => at);
  await eachLimited(turns, AT_ONCE, async (at) => {
    const earlyMs = startMs + (at / payments) * spreadMs - nowMs();
    if (earlyMs > 0) await books.clock.sleep(earlyMs / speed);
    bereft.push(await loseOne(books, at, nowMs));
  });
  return bereft;
}

/** Plays up to the message, and deletes its row from the sender's outbox. */
async function loseOne(books: ApartBooks, at: number, nowMs: () => number): Promise<Bereft> {
  const { third, direction, loss } = lossAt(at);
  const played = await loss.play(books, `T${at}`);
  const atMs = nowMs();
  const id = idToUuid(played.payment.id);
  for (const pool of [books.pools.payment, books.pools.channel]) {
    await pool.query('DELETE FROM outbox WHERE payment_id = $1', [id]);
  }
  const aggregate = await books.reload(played);
  const missing = missingMessages(aggregate);
  const [lost] = missing;
  const isAsPlanned =
    lost !== undefined &&
    missing.length === 1 &&
    lost.message.type === loss.message &&
    isToChannelBook(lost.message) === (direction === 'toChannel') &&
    thirdOf(aggregate, lost.message) === third;
  if (!isAsPlanned) {
    const keys = missing.map((one) => one.key).join(' ');
    throw new Error(`${third} ${direction} ${loss.message} of ${id} was not lost: ${keys}`);
  }
  return { aggregate, key: lost.key, third, direction, atMs };
}

/** The thirds in turn, in each of them the directions, and in those what can be lost there. */
function lossAt(at: number) {
  const third = THIRDS[at % THIRDS.length] ?? 'ordinary';
  const turn = Math.floor(at / THIRDS.length);
  const direction = DIRECTIONS[turn % DIRECTIONS.length] ?? 'toChannel';
  const losses = LOSSES[third][direction];
  const loss = losses[Math.floor(turn / DIRECTIONS.length) % losses.length];
  if (!loss) throw new Error(`nothing can be lost: ${third} ${direction}`);
  return { third, direction, loss };
}

const LEFT = {
  payment: 'SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM internal_drop) AS count',
  channel: 'SELECT count(*) AS count FROM outbox',
} as const;

async function untilHealed(books: ApartBooks, nowMs: () => number, untilMs: number): Promise<void> {
  while (nowMs() < untilMs && (await notTakenIn(books)) > 0) await books.clock.sleep(ROUND_MS);
}

/** What is on the way, waits for its compensation, or was not even found. */
async function notTakenIn({ pools, store }: ApartBooks): Promise<number> {
  let left = 0;
  for (const book of ['payment', 'channel'] as const) {
    const { rows } = await pools[book].query<{ count: number }>(LEFT[book]);
    left += rows[0]?.count ?? 0;
  }
  const { rows } = await pools.payment.query<{ merchant_number: number; id: string }>(
    'SELECT merchant_number, id FROM payment',
  );
  const keys = rows.map((row) => {
    return { merchantNumber: row.merchant_number, paymentId: uuidToId('pay', row.id) };
  });
  const all = await store.load(keys);
  return left + all.reduce((sum, one) => sum + (one ? missingMessages(one).length : 0), 0);
}

/** Long after everything, so that nothing counts as merely young. */
const AUDIT_AHEAD_MS = 3_600_000;

async function judge(
  { payments, scanEveryMs, databaseUrl, channelDatabaseUrl }: InternalDropsRequest,
  books: ApartBooks,
  bereft: readonly Bereft[],
  nowMs: number,
): Promise<InternalDropsReport> {
  const left = await notTakenIn(books);
  const missedByScan = await books.work.sweepAll();
  const healed = new Map<string, number>();
  let cases = 0;
  for (const { aggregate, key, atMs } of bereft) {
    const now = await books.reload(aggregate);
    const drops = now.cases.filter((one) => one.kind === 'internal_drop');
    cases += drops.length;
    const [only] = drops;
    if (drops.length !== 1 || only?.subject !== key || !only.resolvedAtMs) continue;
    healed.set(now.payment.id, only.resolvedAtMs - atMs);
  }
  const urls = { payment: databaseUrl, channel: channelDatabaseUrl };
  // Nobody swept meanwhile: what ends by itself gets its row now, as the platform's worker gives it.
  await books.store.sweepAll(new Map(), nowMs + AUDIT_AHEAD_MS);
  const { findings } = await auditApart(urls, nowMs + AUDIT_AHEAD_MS);
  const isProven =
    bereft.length === payments &&
    healed.size === payments &&
    cases === payments &&
    left === 0 &&
    missedByScan === 0 &&
    findings.length === 0;
  return {
    payments,
    scanEveryMs,
    thirds: countThirds(bereft, healed),
    kinds: countBy(bereft.map(({ key }) => key.split(':')[0] ?? '')),
    healed: healed.size,
    cases,
    healedMs: percentilesOf([...healed.values()]),
    left,
    missedByScan,
    auditBroken: findings.map(({ check, rows }) => `${check.view} ${JSON.stringify(rows[0])}`),
    verdict: isProven ? 'proven' : 'broken',
  };
}

function countThirds(
  bereft: readonly Bereft[],
  healed: ReadonlyMap<string, number>,
): InternalDropsReport['thirds'] {
  const count = (third: Third, direction: Direction): LostAndHealed => {
    const lost = bereft.filter((one) => one.third === third && one.direction === direction);
    const isHealed = ({ aggregate }: Bereft): boolean => healed.has(aggregate.payment.id);
    return { lost: lost.length, healed: lost.filter(isHealed).length };
  };
  const both = (third: Third) => ({
    toChannel: count(third, 'toChannel'),
    toPayment: count(third, 'toPayment'),
  });
  return {
    closed: both('closed'),
    other_winner: both('other_winner'),
    ordinary: both('ordinary'),
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
