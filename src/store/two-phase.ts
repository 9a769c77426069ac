/**
 * One decision about both books, committed in two databases or in neither. The channel book's half is
 * prepared; the payment book's half then commits in one go, with a row that names the prepared one, and
 * is thereby the durable decision; then the prepared half is committed. Whoever finds a prepared
 * transaction looks for that row: no row means that it was never decided, and it is rolled back.
 *
 * Both halves are locked in one order, channel book first, and a lock is waited for only so long: what was
 * left behind by somebody who died can hold another writer up for that long, and is resolved meanwhile.
 */
import type { Aggregate } from '../core/aggregate.ts';
import type { BookDatabases, BookTransaction } from './book-databases.ts';
import { isTorn, joinHalves, loadHalves } from './book-databases.ts';
import type { AggregateChange, DueNotice, NoticeLease, PaymentKey, WriteResult } from './store.ts';

/** Tells our prepared transactions from anybody else's in that server. */
export const GID_PREFIX = 'tieout';

export type TwoPhaseParts = {
  readonly databases: BookDatabases;
  readonly wallMs: () => number;
  /** A name that nobody else gives a transaction. */
  readonly freshName: () => string;
  readonly killPoint: (point: TwoPhasePoint) => void;
};
export type TwoPhasePoint =
  | 'two_phase.before_prepare'
  | 'two_phase.after_prepare'
  | 'two_phase.after_decision'
  | 'two_phase.after_commit';

/** Writes changes of both books. Each change stands or falls by both of its guards. */
export async function writeTwoPhase(
  parts: TwoPhaseParts,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
): Promise<WriteResult[]> {
  const results = new Map<AggregateChange, WriteResult>();
  // Whatever loses one of its guards drops out of the batch, which is then tried without it.
  let left = changes;
  while (left.length > 0) {
    const passed = await tryTwoPhase(parts, left, lease);
    const isWhole = passed.length === left.length;
    for (const change of left) if (!passed.includes(change)) results.set(change, 'stale');
    if (isWhole) for (const change of passed) results.set(change, 'written');
    left = isWhole ? [] : passed;
  }
  return changes.map((change) => results.get(change) ?? 'stale');
}

/** The changes that passed both guards; they are committed if that is all of them, else nothing is. */
async function tryTwoPhase(
  parts: TwoPhaseParts,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
): Promise<readonly AggregateChange[]> {
  const gid = `${GID_PREFIX}:${parts.wallMs()}:${parts.freshName()}`;
  const channel = await parts.databases.channel.begin();
  try {
    const inChannel = await channel.write(changes);
    const passedChannel = changes.filter((_change, at) => inChannel[at] === 'written');
    if (passedChannel.length < changes.length) {
      await channel.rollback();
      channel.release(false);
      return passedChannel;
    }
    const passed = await decide(parts, gid, channel, changes, lease);
    channel.release(false);
    return passed;
  } catch (error) {
    // A connection in an unknown state is not used again; a prepared half is left to be resolved.
    channel.release(true);
    throw error;
  }
}

async function decide(
  parts: TwoPhaseParts,
  gid: string,
  channel: BookTransaction,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
): Promise<readonly AggregateChange[]> {
  const payment = await parts.databases.payment.begin();
  let isBroken = true;
  try {
    const born: DueNotice[] = [];
    const ownLease = lease && {
      leaseMs: lease.leaseMs,
      take: (one: readonly DueNotice[]) => born.push(...one),
    };
    const inPayment = await payment.write(changes, ownLease);
    const passed = changes.filter((_change, at) => inPayment[at] === 'written');
    if (passed.length < changes.length) {
      await payment.rollback();
      await channel.rollback();
      isBroken = false;
      return passed;
    }
    parts.killPoint('two_phase.before_prepare');
    await channel.prepare(gid);
    parts.killPoint('two_phase.after_prepare');
    if (!(await payment.decideCommit(gid, parts.wallMs()))) {
      throw new Error(`${gid} took so long that it was given up by others`);
    }
    await commitDecision(parts, gid, payment);
    isBroken = false;
    parts.killPoint('two_phase.after_decision');
    await channel.finishPrepared(gid, 'commit');
    parts.killPoint('two_phase.after_commit');
    lease?.take(born);
    return passed;
  } finally {
    payment.release(isBroken);
  }
}

/** The commit of the payment book decides. If its answer is lost, the decision itself is asked for. */
async function commitDecision(
  { databases, wallMs }: TwoPhaseParts,
  gid: string,
  payment: BookTransaction,
): Promise<void> {
  try {
    await payment.commit();
  } catch (error) {
    if ((await databases.payment.decisionOf(gid, wallMs())) === 'abort') {
      await databases.channel.finishPrepared(gid, 'abort');
      throw error;
    }
  }
}

/** A coordinator that lives finishes within its statement timeout; what is older was left behind. */
export const IN_DOUBT_AFTER_MS = 20_000;

/** Half of a decision is committed, and the other half cannot be had just now. */
export class InDoubtError extends Error {
  readonly code = 'TIEOUT_IN_DOUBT';
}

/** Whoever finishes a transaction this moment needs a few milliseconds for it. */
const ROUNDS_MAX = 20;

/**
 * Whole payments, never half a decision: where the payment book has decided and the channel book's half is
 * still prepared, that is committed first, whoever prepared it. Throws `InDoubtError` where it cannot be.
 */
export async function loadDecided(
  databases: BookDatabases,
  keys: readonly PaymentKey[],
): Promise<(Aggregate | null)[]> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const halves = await loadHalves(databases, keys);
    if (!halves.some((one) => one && isTorn(one))) {
      return halves.map((one) => one && joinHalves(one.payment, one.channel));
    }
    const gids = await databases.channel.preparedNow();
    for (const gid of await databases.payment.committedOf(gids)) {
      await databases.channel.finishPrepared(gid, 'commit');
    }
  }
  throw new InDoubtError('half of a decision is committed, and the other half is not to be had');
}

/**
 * Ends prepared transactions that their coordinator has left behind: all older than `olderThanMs`, as
 * their decision says. Answers how many.
 */
export async function resolveInDoubt(
  { payment, channel }: BookDatabases,
  wallMs: number,
  olderThanMs: number,
): Promise<number> {
  const gids = await channel.preparedNow();
  const old = gids.filter((gid) => wallMs - beganAtMs(gid) >= olderThanMs);
  for (const gid of old) {
    await channel.finishPrepared(gid, await payment.decisionOf(gid, wallMs));
  }
  return old.length;
}

/** When the coordinator of a prepared transaction began, by its own clock. */
export function beganAtMs(gid: string): number {
  return Number(gid.split(':')[1]);
}

/**
 * Forgets decisions from before `beforeMs`, but for those that a prepared transaction still waits for,
 * however old: without its row a decided one would be rolled back. Fails where the channel book's
 * database cannot be asked, and then forgets nothing.
 */
export async function purgeDecisions(
  { payment, channel }: BookDatabases,
  beforeMs: number,
): Promise<void> {
  const waiting = await channel.preparedNow();
  await payment.forgetDecisions(beforeMs, waiting);
}
