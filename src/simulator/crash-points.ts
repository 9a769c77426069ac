/**
 * Every single crash: for one story of each flow, the process dies once, at each named kill point and at
 * each await of its ports (before the call leaves, after it was sent, after it was answered), and the story
 * must tie out all the same. 穷举单点崩溃。
 */
import type { FaultKind } from './fault-kinds.ts';
import type { Coupling } from '../runtime/config.ts';
import type { MarkName } from './marks.ts';
import type { SimulatedViolation } from './simulation.ts';
import { runSimulation } from './simulation.ts';

export type Story = {
  readonly flow: string;
  /** What goes wrong in it beside the crash. */
  readonly always: readonly FaultKind[];
  /** Places that it must come by. */
  readonly comesBy: readonly string[];
  /** Situations that it must reach. */
  readonly reaches?: readonly MarkName[];
};

/** One story per flow. */
export const STORIES: readonly Story[] = [
  { flow: 'create', always: ['answer_lost'], comesBy: ['create.before_answer'] },
  { flow: 'open', always: ['request_lost'], comesBy: ['create.after_apply', 'pay.before_call'] },
  { flow: 'pay', always: ['call_reply_lost'], comesBy: ['pay.after_fact', 'query.after_fact'] },
  { flow: 'notify', always: ['notification_copied'], comesBy: ['notification.after_apply'] },
  { flow: 'query', always: ['notification_lost_for_ever'], comesBy: ['query.after_fact'] },
  { flow: 'close', always: [], comesBy: ['close.after_fact', 'query.after_fact'] },
  {
    flow: 'expiry',
    always: ['close_not_done'],
    comesBy: ['expiry.after_apply', 'close.after_fact'],
  },
  {
    flow: 'refund',
    always: ['refund_call_reply_lost'],
    comesBy: ['refund.after_fact', 'refund_query.after_fact'],
  },
  {
    flow: 'refund stuck',
    always: ['refund_abnormal', 'refund_notification_lost'],
    comesBy: ['refund.after_fact', 'refund_query.after_fact'],
  },
  {
    flow: 'surplus',
    always: ['second_payer'],
    comesBy: ['refund.after_claim', 'notification.after_apply'],
    reaches: ['duplicate_same_order'],
  },
  {
    flow: 'late money',
    always: ['paid_after_close'],
    comesBy: ['close.after_fact', 'refund.after_claim'],
    reaches: ['late_money_returned'],
  },
  {
    flow: 'held money',
    always: ['other_amount'],
    comesBy: ['refund.after_claim'],
    reaches: ['held_returned'],
  },
  {
    flow: 'reversal',
    always: ['reversal'],
    comesBy: ['notification.after_apply'],
    reaches: ['payment_reversed'],
  },
  {
    flow: 'console refund',
    always: ['console_refund'],
    comesBy: ['notification.after_apply'],
    reaches: ['console_refund_found'],
  },
  {
    flow: 'refund given up',
    always: ['refund_abnormal'],
    comesBy: ['refund.after_fact'],
    reaches: ['refund_given_up', 'refund_retried'],
  },
  {
    flow: 'notice',
    always: ['notice_answer_lost'],
    comesBy: ['notice.after_call', 'notice.after_claim'],
  },
];

/** What a story is played over. */
export type Ground = {
  readonly coupling: Coupling;
  /** Of each kind of message between the books the first one is lost from its outbox. */
  readonly losesMessages: boolean;
};

export const GROUNDS: readonly Ground[] = [
  { coupling: 'together', losesMessages: false },
  { coupling: 'relay', losesMessages: false },
  { coupling: 'relay', losesMessages: true },
  { coupling: 'two_phase', losesMessages: false },
];

const SEEDS_MAX = 600;
const ONE_PAYMENT = 1;

export type CrashReport = {
  readonly flow: string;
  readonly seed: number;
  /** Messages between the books that the story passes, by type. */
  readonly messages: Readonly<Record<string, number>>;
  readonly points: number;
  readonly violations: readonly (SimulatedViolation & { readonly point: string })[];
};

/** Runs a story once for each point at which a process may die; `every` takes only each n-th of them. */
export async function crashEverywhere(
  story: Story,
  ground: Ground,
  every = 1,
): Promise<CrashReport> {
  const { flow } = story;
  const { seed, points, messages } = await findStory(story, ground);
  const violations: CrashReport['violations'][number][] = [];
  const chosen = points.filter((_point, at) => at % every === 0);
  for (const point of chosen) {
    const result = await play(story, ground, seed, new Set([point]));
    for (const one of result.violations) violations.push({ ...one, point });
  }
  return { flow, seed, messages, points: chosen.length, violations };
}

/** The first seed whose single payment comes by everything that the story needs. */
async function findStory(
  story: Story,
  ground: Ground,
): Promise<Pick<CrashReport, 'seed' | 'messages'> & { points: string[] }> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const points: string[] = [];
    const result = await play(story, ground, seed, new Set(), (point) => points.push(point));
    const { violations, marks, messages } = result;
    const comesBy = story.comesBy.every((place) =>
      points.some((one) => one.includes(`:${place}|`)),
    );
    const reaches = (story.reaches ?? []).every((mark) => marks[mark]);
    if (comesBy && reaches && violations.length === 0) {
      return { seed, points, messages };
    }
  }
  throw new Error(`no seed comes by ${story.comesBy.join(', ')}`);
}

async function play(
  story: Story,
  { coupling, losesMessages }: Ground,
  seed: number,
  forced: ReadonlySet<string>,
  onCrashPoint: (point: string) => void = () => {},
) {
  const always = new Set(story.always);
  if (losesMessages) always.add('message_lost');
  const control = { forced, always, onCrashPoint };
  return await runSimulation({ seed, coupling, payments: ONE_PAYMENT, control });
}
