/**
 * The proof that only what a channel signed counts: forged and altered notifications of every known
 * shape, mixed with genuine ones in every legal form, over HTTP, against two API processes.
 */
import pg from 'pg';
import { idToUuid } from '../../src/core/id.ts';
import { eachLimited } from '../../src/runtime/limit.ts';
import type { ForgedNotification, GenuineNotification } from '../support/forgery.ts';
import {
  FORGED_SHAPES,
  GENUINE_SHAPES,
  forgedNotifications,
  genuineNotifications,
} from '../support/forgery.ts';
import type { NotificationSource } from '../support/notification-draw.ts';
import type { CreatedPayment, Fleet } from './fleet.ts';
import { becomesTrue, openFleet } from './fleet.ts';
import { newNotificationPost } from './notification-post.ts';

export type ForgeriesRequest = {
  readonly databaseUrl: string;
  readonly forged: number;
  readonly genuine: number;
  readonly seed: number;
  readonly onProgress?: (line: string) => void;
};

export type ForgeriesReport = {
  readonly forged: number;
  readonly genuine: number;
  readonly forgedShapes: number;
  readonly genuineShapes: number;
  /** Payments that only forgeries spoke about. */
  readonly targets: number;
  /** As the platform counted them. */
  readonly counted: Readonly<Record<string, number>>;
  readonly serverErrors: number;
  /** Forgeries that were answered as taken, and payments that they changed. */
  readonly forgedTaken: readonly string[];
  readonly changedByForgery: readonly string[];
  /** Genuine ones that were not answered as taken, or did not do what they say. */
  readonly genuineRefused: readonly string[];
  readonly genuineWithoutEffect: readonly string[];
  readonly verdict: 'proven' | 'broken';
};

const IN_FLIGHT_MAX = 48;
const EXAMPLES_MAX = 20;

/** Sends all of it, half of the forgeries about payments that get a genuine notification too. */
export async function proveForgeries(request: ForgeriesRequest): Promise<ForgeriesReport> {
  const fleet = await openFleet(request.databaseUrl, { apiCount: 2 });
  try {
    const targets = await createMany(fleet, 'T', Math.max(30, Math.ceil(request.forged / 10)));
    const payments = await createMany(fleet, 'G', request.genuine);
    request.onProgress?.(`${targets.length + payments.length} payments created`);
    const before = await readStates(request.databaseUrl);
    const sent = await sendAll(fleet, request, targets, payments);
    await applyStored(fleet);
    const after = await readStates(request.databaseUrl);
    const changedByForgery = targets
      .filter(({ id }) => stateOf(after, id).version !== stateOf(before, id).version)
      .map(({ merchantOrderNo }) => merchantOrderNo);
    const idOf = new Map(payments.map(({ channelOrderNo, id }) => [channelOrderNo, id]));
    const genuineWithoutEffect = sent.genuine.flatMap(({ shape, outNo, expected }) => {
      const id = idOf.get(outNo) ?? '';
      return missedEffect(expected, stateOf(before, id), stateOf(after, id)).map(
        (what) => `${shape}: ${what}`,
      );
    });
    const counted = await countedByPlatform(fleet);
    const broken = [sent.forgedTaken, changedByForgery, sent.genuineRefused, genuineWithoutEffect];
    const isWhole = sent.forgedCount === request.forged && sent.genuine.length === request.genuine;
    const isRefused = counted['refused'] === request.forged;
    const isProven =
      isWhole && isRefused && sent.serverErrors === 0 && broken.every((list) => list.length === 0);
    return {
      forged: sent.forgedCount,
      genuine: sent.genuine.length,
      forgedShapes: FORGED_SHAPES.length,
      genuineShapes: GENUINE_SHAPES.length,
      targets: targets.length,
      counted,
      serverErrors: sent.serverErrors,
      forgedTaken: sent.forgedTaken.slice(0, EXAMPLES_MAX),
      changedByForgery: changedByForgery.slice(0, EXAMPLES_MAX),
      genuineRefused: sent.genuineRefused.slice(0, EXAMPLES_MAX),
      genuineWithoutEffect: genuineWithoutEffect.slice(0, EXAMPLES_MAX),
      verdict: isProven ? 'proven' : 'broken',
    };
  } finally {
    await fleet.stop();
  }
}

async function createMany(fleet: Fleet, name: string, count: number): Promise<CreatedPayment[]> {
  const created: CreatedPayment[] = [];
  const numbers = Array.from({ length: count }, (_, nth) => `${name}-${nth}`);
  await eachLimited(numbers, IN_FLIGHT_MAX, async (orderNo, place) => {
    // No two neighbours have the same amount, so that one cannot pass for the other.
    created[place] = await fleet.create(orderNo, { amount: 1_000 + place, expires_in: 86_400 });
  });
  return created;
}

type SentAll = {
  forgedCount: number;
  readonly genuine: GenuineNotification[];
  serverErrors: number;
  readonly forgedTaken: string[];
  readonly genuineRefused: string[];
};

async function sendAll(
  fleet: Fleet,
  { forged, genuine, seed, onProgress }: ForgeriesRequest,
  targets: readonly CreatedPayment[],
  payments: readonly CreatedPayment[],
): Promise<SentAll> {
  const all: SentAll = {
    forgedCount: 0,
    genuine: [],
    serverErrors: 0,
    forgedTaken: [],
    genuineRefused: [],
  };
  const post = newNotificationPost(IN_FLIGHT_MAX);
  const aimed = (n: number): CreatedPayment => {
    const half = Math.floor(n / 2);
    return at(n % 2 === 0 ? targets : payments, half);
  };
  const forgeries = forgedNotifications(seed, forged, sourceOf(fleet, aimed));
  const truths = genuineNotifications(
    seed + 1,
    genuine,
    sourceOf(fleet, (n) => at(payments, n)),
  );
  const mixed = Array.from({ length: forged + genuine }, (_, n) =>
    n % 2 === 0 ? ('forged' as const) : ('genuine' as const),
  );
  try {
    await eachLimited(mixed, IN_FLIGHT_MAX, async (kind, n) => {
      const apiUrl = fleet.apiUrls[Math.floor(n / 2) % fleet.apiUrls.length] ?? '';
      const drawn = takeTurn(kind, forgeries, truths);
      const answer = await post.post(apiUrl, drawn);
      if (answer.status >= 500) all.serverErrors += 1;
      const isTaken = answer.status === 200 && answer.body === 'ok';
      const line = `${drawn.shape}: ${answer.status} ${answer.body.slice(0, 100)}`;
      if ('expected' in drawn) {
        all.genuine.push(drawn);
        if (!isTaken) all.genuineRefused.push(line);
      } else {
        all.forgedCount += 1;
        if (answer.status < 400 || answer.body.includes('ok')) all.forgedTaken.push(line);
      }
      if (n % 2_000 === 0 && n > 0) onProgress?.(`${n} notifications sent`);
    });
  } finally {
    post.close();
  }
  return all;
}

/** The next one of its kind, or of the other kind when there are no more. */
function takeTurn(
  kind: 'forged' | 'genuine',
  forgeries: Generator<ForgedNotification>,
  truths: Generator<GenuineNotification>,
): ForgedNotification | GenuineNotification {
  const [first, second] = kind === 'forged' ? [forgeries, truths] : [truths, forgeries];
  const taken = first.next();
  if (taken.done !== true) return taken.value;
  const other = second.next();
  if (other.done === true) throw new Error('there are fewer notifications than were asked for');
  return other.value;
}

function sourceOf(
  { channelSecret }: Fleet,
  order: (n: number) => CreatedPayment,
): NotificationSource {
  return {
    account: 'main',
    secret: channelSecret,
    nowMs: () => Date.now(),
    order: (n) => {
      const { channelOrderNo, amountMinor } = order(n);
      return { outNo: channelOrderNo, amountMinor, currency: 'CNY' };
    },
  };
}

function at(list: readonly CreatedPayment[], n: number): CreatedPayment {
  const one = list[n % list.length];
  if (!one) throw new Error('there are no payments to speak about');
  return one;
}

/** What was stored because its decision took long is applied by a worker; none runs before, because its questions are changes too. */
async function applyStored(fleet: Fleet): Promise<void> {
  const isEmpty = async (): Promise<boolean> =>
    (await queryRows(fleet.databaseUrl, 'SELECT 1 FROM notification_job LIMIT 1')).length === 0;
  if (await isEmpty()) return;
  await fleet.startWorker();
  await becomesTrue(isEmpty, 30_000);
}

type State = { readonly version: number; readonly status: string; readonly order: string };
const NO_STATE: State = { version: 0, status: 'missing', order: 'missing' };

async function readStates(databaseUrl: string): Promise<ReadonlyMap<string, State>> {
  const rows = await queryRows(
    databaseUrl,
    `SELECT p.id, p.version, p.status, o.status AS "order" FROM payment p
      JOIN channel_order o ON o.merchant_number = p.merchant_number AND o.payment_id = p.id`,
  );
  return new Map(
    rows.map(({ id, version, status, order }) => [
      String(id),
      { version: Number(version), status: String(status), order: String(order) },
    ]),
  );
}

function stateOf(states: ReadonlyMap<string, State>, paymentId: string): State {
  return states.get(paymentId === '' ? '' : idToUuid(paymentId)) ?? NO_STATE;
}

/** How the end of a payment differs from what its genuine notification said; nothing when it does not. */
function missedEffect(
  expected: GenuineNotification['expected'],
  before: State,
  after: State,
): string[] {
  const steps = after.version - before.version;
  const end = `${after.status}/${after.order} after ${steps} changes`;
  if (expected.type === 'succeeded') {
    return steps === 1 && after.status === 'succeeded' ? [] : [end];
  }
  if (expected.type === 'failed') return steps === 1 && after.order === 'failed' ? [] : [end];
  return steps <= 1 && after.status === 'processing' ? [] : [end];
}

/** The counters of all API processes together, by verdict. */
async function countedByPlatform({ apiUrls }: Fleet): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const apiUrl of apiUrls) {
    const text = await (await fetch(`${apiUrl}/metrics`)).text();
    for (const [, verdict = '', count] of text.matchAll(
      /^tieout_notifications_total\{[^}]*verdict="(\w+)"[^}]*\} (\d+)/gmu,
    )) {
      counted[verdict] = (counted[verdict] ?? 0) + Number(count);
    }
  }
  return counted;
}

async function queryRows(
  databaseUrl: string,
  text: string,
): Promise<Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
