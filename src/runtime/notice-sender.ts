/**
 * Sending notices to merchants: those of this process's own commits at once from memory, all others
 * claimed in batches; each in the lane of its endpoint, and recorded in groups as the answers come.
 * At least once: whatever breaks leaves the row, and the row comes back when its lease is over.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { noticeSecrets } from '../store/postgres/merchants.ts';
import { putBackNotices } from '../store/postgres/notice-put-back.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { DueNotice, PaymentKey, Store } from '../store/store.ts';
import type { Door, LeasedNotice, NoticeTaker } from './apply.ts';
import type { Clock } from './clock.ts';
import type { KillPoints } from './kill-point.ts';
import type { ReadyNotice } from './notice-delivery.ts';
import { deliver } from './notice-delivery.ts';
import type { Lane, Place } from './notice-lanes.ts';
import { newLanes } from './notice-lanes.ts';
import { newNoticePost } from './notice-post.ts';
import type { NoticePost } from './notice-post.ts';
import type { NoticeResults } from './notice-results.ts';
import { newNoticeResults } from './notice-results.ts';
import { newNoticeSigner } from './notice-signature.ts';
import type { SignNotice } from './notice-signature.ts';
import type { LinkOf } from './payment-object.ts';
import type { GuardMode } from './url-guard.ts';

export type NoticeSender = {
  /** Sends what is due; answers how many notices were sent on their way, though not all may be answered yet. */
  readonly sendDue: () => Promise<number>;
};

export type StoppableSender = NoticeSender & {
  /**
   * From now on the notices of this process's own commits are born leased by it and sent at once. Only
   * for a process that works: what it cannot send now is left to its claims, or to another's.
   */
  readonly sendOwn: () => void;
  /** Waits until what is under way is recorded and closes all connections. */
  readonly stop: () => Promise<void>;
};

export type NoticeSenderOptions = {
  readonly pool: Pool;
  readonly store: Store;
  readonly door: Door;
  readonly clock: Clock;
  /** Real time, by which receivers judge the age of a signature. */
  readonly wallMs: () => number;
  readonly killPoint: KillPoints;
  readonly linkOf: LinkOf;
  readonly mode: GuardMode;
  /** How long a claimed notice stays invisible to others: longer than the deadline of a post. */
  readonly leaseMs: number;
  /** Another way out, for tests. */
  readonly http?: NoticePost;
};

const CLAIM_SIZE = 64;
/** Claims before the caller gets to look around. */
const CLAIMS_MAX = 16;
/** Batches at a time: while one waits for the database, another one is sent. */
const PUMPS_MAX = 2;
/** How long a batch waits for lanes that have been quick so far. */
const PATIENCE_MS = 1_000;
/** Notices leased from their birth at a time; beyond that they are born due, and any worker takes them. */
const LEASED_MAX = 256;
/** How long an idle call waits for answers that are under way. */
const LOOK_AROUND_MS = 50;
const LANE_OPTIONS = {
  inFlightAtFirst: 16,
  inFlightMax: 64,
  slowAfterMs: PATIENCE_MS,
  pauseMs: 1_000,
  pauseMsMax: 60_000,
};

type Parts = NoticeSenderOptions & {
  readonly http: NoticePost;
  readonly sign: SignNotice;
  readonly laneOf: (ready: ReadyNotice) => Lane;
  readonly secretOf: (merchantNumber: number) => string | undefined;
  readonly learnSecrets: (merchantNumbers: readonly number[]) => Promise<void>;
  readonly results: NoticeResults;
  /** Keeps an eye on work that may outlast its batch. */
  readonly follow: (work: Promise<void>) => void;
};

/** A sender over these parts. An error of work that outlasted its batch is thrown by the next call. */
export function newNoticeSender(options: NoticeSenderOptions): StoppableSender {
  const http = options.http ?? newNoticePost({ mode: options.mode });
  const underWay = new Set<Promise<void>>();
  const errors: Error[] = [];
  const onError = (error: unknown): void => {
    errors.push(error instanceof Error ? error : new Error(String(error)));
  };
  const results = newNoticeResults(async (group) => {
    await options.store.finishNotices(group);
    options.killPoint('notice.after_finish');
  }, onError);
  const parts: Parts = {
    ...options,
    ...newSecrets(options.pool),
    http,
    sign: newNoticeSigner(),
    laneOf: newLaneOf(),
    results,
    follow: (work) => {
      const watched: Promise<void> = work.catch(onError).finally(() => underWay.delete(watched));
      underWay.add(watched);
    },
  };
  const throwFirst = (): void => {
    const [first] = errors.splice(0);
    if (first) throw first;
  };
  /** With nothing else to do, gives answers that are about to come the time to be recorded. */
  const lookAround = async (): Promise<void> => {
    if (underWay.size === 0) return;
    await Promise.race([Promise.all(underWay), options.clock.sleep(LOOK_AROUND_MS)]);
    await results.flush();
  };
  return {
    sendOwn: () => options.door.giveNoticesTo(newTaker(parts)),
    sendDue: async () => {
      const { found, sent } = await runPumps(parts, onError);
      if (found === 0) await lookAround();
      throwFirst();
      return sent;
    },
    stop: async () => {
      options.door.giveNoticesTo(null);
      await options.door.drain();
      await Promise.all(underWay);
      await results.flush();
      await http.close();
      throwFirst();
    },
  };
}

/** Claims and sends until nothing more is due, or it is time to look around. Never rejects. */
async function runPumps(
  parts: Parts,
  onError: (error: unknown) => void,
): Promise<{ found: number; sent: number }> {
  const total = { found: 0, sent: 0 };
  const pumps: Promise<void>[] = [];
  let claims = 0;
  const startPump = (): void => {
    pumps.push(pump().catch(onError));
  };
  const pump = async (): Promise<void> => {
    for (let isFull = true; isFull && claims < CLAIMS_MAX; ) {
      claims += 1;
      const entries = await claim(parts);
      total.found += entries.length;
      isFull = entries.length === CLAIM_SIZE;
      if (isFull && pumps.length < PUMPS_MAX) startPump();
      const sent = await send(entries, parts);
      total.sent += sent;
    }
  };
  startPump();
  // The list grows while it is walked.
  for (const one of pumps) await one;
  return total;
}

type Entry = {
  readonly ready: ReadyNotice;
  readonly lane: Lane;
  /** Whether the batch waits for it. */
  readonly isAwaited: boolean;
  isSent: boolean;
  isDone: boolean;
};

/** Takes up to one batch of what is due, with all that it needs. */
async function claim(parts: Parts): Promise<Entry[]> {
  const { store, clock, killPoint, leaseMs } = parts;
  killPoint('notice.before_claim');
  const claimed = await store.claimNotices(CLAIM_SIZE, clock.nowMs(), leaseMs);
  if (claimed.length === 0) return [];
  killPoint('notice.after_claim');
  return (await prepare(claimed, parts)).map((ready) => newEntry(ready, parts));
}

function newEntry(ready: ReadyNotice, { laneOf }: Parts): Entry {
  const lane = laneOf(ready);
  return { ready, lane, isAwaited: !lane.isSlow(), isSent: false, isDone: false };
}

/** A bounded memory: what it has no room for is left to any worker. */
function newTaker(parts: Parts): NoticeTaker {
  let leasedCount = 0;
  return {
    leaseMs: () => (leasedCount < LEASED_MAX ? parts.leaseMs : null),
    take: (leased) => {
      const taken = leased.slice(0, Math.max(0, LEASED_MAX - leasedCount));
      leasedCount += taken.length;
      const release = (): void => void (leasedCount -= taken.length);
      parts.follow(sendLeased(taken, parts).finally(release));
      parts.follow(leaveToOthers(leased.slice(taken.length), parts));
    },
  };
}

/** Sends what was born leased by this process; what finds no place in time is put back like any other. */
async function sendLeased(leased: readonly LeasedNotice[], parts: Parts): Promise<void> {
  if (leased.length === 0) return;
  parts.killPoint('notice.after_birth');
  const direct = leased.filter(({ notice }) => notice.endpoint === null);
  await parts.learnSecrets(direct.map(({ notice }) => notice.merchantNumber));
  const entries = leased.map((one) => newEntry(readyOf(one.notice, one.payment, parts), parts));
  await putBack(await sendInTime(entries, parts), parts);
}

/** Notices that this process has no room for: due at once, for any worker. */
async function leaveToOthers(
  leased: readonly LeasedNotice[],
  { pool, clock }: Parts,
): Promise<void> {
  if (leased.length === 0) return;
  const dueAtMs = clock.nowMs();
  await putBackNotices(
    pool,
    leased.map(({ notice }) => ({ notice, dueAtMs })),
  );
}

/** Sends a batch, waits for its quick lanes, and puts back what found no place; answers how many found one. */
async function send(entries: readonly Entry[], parts: Parts): Promise<number> {
  if (entries.length === 0) return 0;
  const unsent = await sendInTime(entries, parts);
  await Promise.all([parts.results.flush(), putBack(unsent, parts)]);
  return entries.length - unsent.length;
}

/** Sends what finds a place before patience is over; answers what found none. */
async function sendInTime(entries: readonly Entry[], parts: Parts): Promise<Entry[]> {
  await sendAll(entries, parts);
  for (const entry of entries) if (!entry.isDone) entry.lane.giveUp(entries);
  return entries.filter((entry) => !entry.isSent);
}

/** Resolves when everything in quick lanes is done, or patience is over. */
async function sendAll(entries: readonly Entry[], parts: Parts): Promise<void> {
  const bodies = new Map<string, string>();
  let left = entries.filter((entry) => entry.isAwaited).length;
  await new Promise<void>((resolve) => {
    const patience = setTimeout(resolve, PATIENCE_MS);
    const resolveWhenDone = (): void => {
      if (left > 0) return;
      clearTimeout(patience);
      resolve();
    };
    const sendOne = async (entry: Entry, place: Place): Promise<void> => {
      let durationMs = 0;
      try {
        const result = await deliver(entry.ready, bodies, parts);
        ({ durationMs } = result);
        parts.results.add(result);
      } finally {
        place.leave(durationMs);
        entry.isDone = true;
        if (entry.isAwaited) left -= 1;
        resolveWhenDone();
      }
    };
    for (const entry of entries) {
      entry.lane.enter(entries, (place) => {
        entry.isSent = true;
        parts.follow(sendOne(entry, place));
      });
    }
    resolveWhenDone();
  });
}

/** What found no place rests, longer each time, and no try is counted. */
async function putBack(unsent: readonly Entry[], { pool, clock }: Parts): Promise<void> {
  if (unsent.length === 0) return;
  const nowMs = clock.nowMs();
  const rows = [...Map.groupBy(unsent, ({ lane }) => lane)].flatMap(([lane, entries]) => {
    const dueAtMs = nowMs + lane.restMs();
    return entries.map(({ ready }) => ({ notice: ready.notice, dueAtMs }));
  });
  await putBackNotices(pool, rows);
}

/** Reads each payment once, and each secret that is not known yet. */
async function prepare(claimed: readonly DueNotice[], parts: Parts): Promise<ReadyNotice[]> {
  const keys = new Map<string, PaymentKey>(claimed.map((one) => [one.paymentId, one]));
  const direct = claimed.filter((one) => one.endpoint === null).map((one) => one.merchantNumber);
  const [loaded] = await Promise.all([
    parts.store.load([...keys.values()]),
    parts.learnSecrets(direct),
  ]);
  const payments = new Map<string, Aggregate>();
  for (const one of loaded) if (one) payments.set(one.payment.id, one);
  return claimed.map((notice) => readyOf(notice, payments.get(notice.paymentId) ?? null, parts));
}

function readyOf(notice: DueNotice, payment: Aggregate | null, parts: Parts): ReadyNotice {
  const { endpoint, merchantNumber } = notice;
  const url = endpoint ? endpoint.url : payment?.payment.noticeUrl;
  const secret = parts.secretOf(merchantNumber);
  return {
    notice,
    payment,
    target: url ? parts.http.target(url) : 'the endpoint is disabled or deleted',
    secrets: endpoint?.secrets ?? (secret === undefined ? [] : [secret]),
  };
}

function newLaneOf(): (ready: ReadyNotice) => Lane {
  const lanes = newLanes(LANE_OPTIONS);
  return ({ notice, target }) => {
    const place = typeof target === 'string' ? 'nowhere' : target.origin;
    return lanes.lane(notice.endpoint?.id ?? `${notice.merchantNumber} ${place}`);
  };
}

/** Merchants' own secrets, which never change once they are made. */
function newSecrets(pool: Pool): Pick<Parts, 'secretOf' | 'learnSecrets'> {
  const known = new Map<number, string>();
  return {
    secretOf: (merchantNumber) => known.get(merchantNumber),
    learnSecrets: async (merchantNumbers) => {
      const missing = merchantNumbers.filter((one) => !known.has(one));
      if (missing.length === 0) return;
      for (const [number, secret] of await noticeSecrets(pool, missing)) known.set(number, secret);
    },
  };
}
