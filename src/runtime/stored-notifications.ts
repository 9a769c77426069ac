/** Raw notifications kept in the database: those that change nothing, and those still to be decided. */
import { randomUUID } from 'node:crypto';
import type { RawNotification } from '../channels/connector.ts';
import type { Pool } from '../store/postgres/pool.ts';
import {
  claimNotificationJobs,
  dropNotificationJob,
  markUnmatched,
  storeForLater,
  storeNotification,
} from '../store/postgres/notifications.ts';
import type { StoredNotification } from '../store/postgres/notifications.ts';
import type { Door } from './apply.ts';
import type { Clock } from './clock.ts';
import { eachLimited } from './limit.ts';
import type { NotificationStore } from './receive.ts';

const CLAIM_SIZE = 64;

/** The notification store of a platform, and the job that applies what was stored for later. */
export function newStoredNotifications(
  pool: Pool,
  door: Door,
  clock: Clock,
  leaseMs: number,
): NotificationStore & { readonly applyDue: () => Promise<number> } {
  return {
    keep: async (source, message, verdict, reason) =>
      await storeNotification(pool, stored(source, message, clock), verdict, reason),
    keepForLater: async (source, message, key, fact) =>
      await storeForLater(pool, stored(source, message, clock), key, fact),
    applyDue: async () => {
      const jobs = await claimNotificationJobs(pool, CLAIM_SIZE, clock.nowMs(), leaseMs);
      // Each by itself: one that cannot be decided keeps its job and holds up nobody else.
      await eachLimited(jobs, CLAIM_SIZE, async (job) => {
        const { decision } = await door.apply(job.key, job.fact);
        if (decision.type === 'refused') {
          await markUnmatched(pool, job, decision.refusal.detail);
        }
        await dropNotificationJob(pool, job);
      });
      return jobs.length;
    },
  };
}

function stored(
  source: { readonly channel: string; readonly account: string },
  message: RawNotification,
  clock: Clock,
): StoredNotification {
  const { channel, account } = source;
  return { uuid: randomUUID(), channel, account, receivedAtMs: clock.nowMs(), ...message };
}
