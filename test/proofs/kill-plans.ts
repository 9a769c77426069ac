/** Which process dies at which point, and what has to be played so that it comes there. */
import type { Coupling } from '../../src/runtime/config.ts';
import { COUPLINGS } from '../../src/runtime/config.ts';
import type { KillPoint } from '../../src/runtime/kill-point.ts';
import { KILL_POINTS } from '../../src/runtime/kill-point.ts';
import type { KillKind } from './kill-load.ts';
import type { VictimRole } from './kill-world.ts';

export type KillPlan = {
  readonly point: KillPoint;
  /** How the books of its world are coupled. */
  readonly coupling: Coupling;
  readonly role: VictimRole;
  /** The victim dies when it passes the point for a time between these, as the seed says. */
  readonly countMin: number;
  readonly countMax: number;
  /** Orders beside the usual ones, for a point that is passed seldom. */
  readonly more: readonly KillKind[];
  /** Decisions are held up in the database while late notifications arrive, so that they are stored for later. */
  readonly stalls: boolean;
  /** A death that must come first, so that there is something to be done at the point. */
  readonly first: FirstDeath | null;
  /**
   * The dead part stays dead until the relay of the other one has brought what it left behind: neither its own
   * next start nor a merchant's read can have done it.
   */
  readonly relayAlone: boolean;
  /**
   * The dead worker comes back when what it had to say is old enough for a scan, and the scan looks before the
   * relay is through: what waits in an outbox is not lost, and must not be found as an internal drop.
   */
  readonly scansFirst: boolean;
};

export type FirstDeath = {
  readonly point: KillPoint;
  /** What it had to say is deleted from the outboxes as well: an internal drop. */
  readonly loses: boolean;
};

type Sketch = readonly [role: VictimRole, countMin: number, countMax: number, ...more: KillKind[]];

/** Rounds of an idle worker pass these points, so that a count is a time: 40 ms each. */
const IDLE_ROUND: Sketch = ['worker', 15, 60];

/**
 * Whoever decides something that concerns both books passes these. Decisions share a batch as they come, so
 * that a few payments pass a point three times at least, and no more than that can be counted on.
 */
const BETWEEN_THE_BOOKS: readonly Sketch[] = [
  ['api', 1, 3],
  ['worker', 1, 2, 'lost', 'lost', 'lost'],
];

/** Points of a day's end have a test of their own: it takes a day, and not payments, to pass them. */
type PaymentPoint = Exclude<KillPoint, `reconcile.${string}`>;
const isOfPayments = (point: KillPoint): point is PaymentPoint => !point.startsWith('reconcile.');

/** No count is higher than what a world of eight payments passes for sure. */
const SKETCHES: Readonly<Record<PaymentPoint, readonly Sketch[]>> = {
  'apply.before_load': [
    ['api', 1, 12],
    ['worker', 1, 4],
  ],
  'apply.before_write': [
    ['api', 1, 12],
    ['worker', 1, 4],
  ],
  'apply.after_write': [
    ['api', 1, 12],
    ['worker', 1, 4],
  ],
  'relay.before_hop': BETWEEN_THE_BOOKS,
  'relay.after_take_in': BETWEEN_THE_BOOKS,
  'relay.after_hop': BETWEEN_THE_BOOKS,
  'relay.after_claim': [['worker', 1, 1, 'lost', 'lost', 'lost']],
  'compensation.after_claim': [['worker', 1, 1, 'lost', 'lost', 'lost']],
  'compensation.after_heal': [['worker', 1, 1, 'lost', 'lost', 'lost']],
  'two_phase.before_prepare': BETWEEN_THE_BOOKS,
  'two_phase.after_prepare': BETWEEN_THE_BOOKS,
  'two_phase.after_decision': BETWEEN_THE_BOOKS,
  'two_phase.after_commit': BETWEEN_THE_BOOKS,
  'refund.after_claim': [['worker', 1, 2, 'paid_twice', 'paid_twice']],
  'refund.before_guard': [
    ['worker', 1, 2, 'paid_twice', 'paid_twice'],
    ['api', 1, 2, 'refunded', 'refunded_in_parts'],
  ],
  'refund.after_guard': [
    ['worker', 1, 2, 'paid_twice', 'paid_twice'],
    ['api', 1, 2, 'refunded', 'refunded_in_parts'],
  ],
  'refund.before_call': [
    ['worker', 1, 2, 'paid_twice', 'paid_twice'],
    ['api', 1, 2, 'refunded', 'refunded_in_parts'],
  ],
  'refund.after_call': [
    ['worker', 1, 2, 'paid_twice', 'paid_twice'],
    ['api', 1, 2, 'refunded', 'refunded_in_parts'],
  ],
  'refund.after_fact': [
    ['worker', 1, 2, 'paid_twice', 'paid_twice'],
    ['api', 1, 2, 'refunded', 'refunded_in_parts'],
  ],
  'refund_query.before_call': [['worker', 1, 2, 'refund_unanswered', 'refund_unanswered']],
  'refund_query.after_call': [['worker', 1, 2, 'refund_unanswered', 'refund_unanswered']],
  'refund_query.after_fact': [['worker', 1, 2, 'refund_unanswered', 'refund_unanswered']],
  'pay.before_call': [['api', 1, 6]],
  'pay.after_call': [['api', 1, 6]],
  'pay.after_fact': [['api', 1, 6]],
  'query.before_call': [
    ['worker', 1, 2, 'lost'],
    ['api', 1, 2, 'asked', 'closed'],
  ],
  'query.after_call': [
    ['worker', 1, 2, 'lost'],
    ['api', 1, 2, 'asked', 'closed'],
  ],
  'query.after_fact': [
    ['worker', 1, 2, 'lost'],
    ['api', 1, 2, 'asked', 'closed'],
  ],
  'close.before_call': [
    ['api', 1, 2, 'closed', 'close_race'],
    ['worker', 1, 1, 'unpaid', 'never_arrived'],
  ],
  'close.after_call': [
    ['api', 1, 2, 'closed', 'close_race'],
    ['worker', 1, 1, 'unpaid', 'never_arrived'],
  ],
  'close.after_fact': [
    ['api', 1, 2, 'closed', 'close_race'],
    ['worker', 1, 1, 'unpaid', 'never_arrived'],
  ],
  'create.before_apply': [['api', 1, 6]],
  'create.after_apply': [['api', 1, 6]],
  'create.before_answer': [['api', 1, 6]],
  'close_request.after_apply': [['api', 1, 2, 'closed', 'close_race']],
  'sync.before_query': [['api', 1, 1, 'asked']],
  'notification.before_verify': [['api', 1, 6, 'duplicate']],
  'notification.after_verify': [['api', 1, 6, 'duplicate']],
  'notification.after_apply': [['api', 1, 5, 'duplicate']],
  'notification.before_answer': [['api', 1, 5, 'duplicate']],
  'notification.after_store_raw': [['api', 1, 2, 'late', 'late', 'late', 'late']],
  // Notices of the worker's own commits: they are leased to it from their birth.
  'notice.after_birth': [['worker', 1, 3, 'lost', 'lost', 'query_only']],
  'notice.before_claim': [IDLE_ROUND],
  'notice.after_claim': [['worker', 1, 2]],
  'notice.before_call': [['worker', 1, 4]],
  'notice.after_call': [['worker', 1, 4]],
  'notice.after_finish': [['worker', 1, 2]],
  'worker.after_claim': [['worker', 1, 2, 'lost']],
  'expiry.after_claim': [['worker', 1, 1, 'unpaid']],
  'expiry.after_apply': [['worker', 1, 2, 'unpaid', 'unpaid']],
  'sweep.before': [IDLE_ROUND],
  'sweep.after': [IDLE_ROUND],
};

/** A worker that dies before its hop leaves a message to the relay; to the scan, if the row is lost as well. */
const FIRST: Partial<Record<KillPoint, FirstDeath>> = {
  'relay.after_claim': { point: 'relay.before_hop', loses: false },
  'compensation.after_claim': { point: 'relay.before_hop', loses: true },
  'compensation.after_heal': { point: 'relay.before_hop', loses: true },
};

/**
 * The couplings under which a point is passed at all. The main job passes its points under each; what
 * lies between the books belongs to the coupling that it is named after, and so does the compensation of a relay.
 */
function couplingsOf(point: KillPoint): readonly Coupling[] {
  if (point.startsWith('two_phase.')) return ['two_phase'];
  return /^(?:relay|compensation)\./u.test(point) ? ['relay'] : COUPLINGS;
}

/**
 * Every death of a process: at each point, in each process that passes it, under each coupling under which it is
 * passed. There is no other selection: which payments are played beside it, and at which time of passing the process
 * dies, differs from world to world, as the seed says.
 */
export const KILL_PLANS: readonly KillPlan[] = KILL_POINTS.filter(isOfPayments).flatMap((point) =>
  couplingsOf(point).flatMap((coupling) =>
    SKETCHES[point].map(([role, countMin, countMax, ...more]) => ({
      point,
      coupling,
      role,
      countMin,
      countMax,
      more,
      stalls: point === 'notification.after_store_raw',
      first: FIRST[point] ?? null,
      relayAlone: point === 'relay.before_hop' && role === 'api',
      scansFirst: point === 'relay.before_hop' && role === 'worker',
    })),
  ),
);
