/** Taking the brake off automatic refunds: the switch, and what it and the limits have held back. */
import type { ChannelAccountKey } from '../store/store.ts';
import { takeBrakeOff } from '../store/postgres/refund-brake.ts';
import type { HeldRefund } from '../store/postgres/refund-jobs.ts';
import { heldRefunds } from '../store/postgres/refund-jobs.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { Door } from './apply.ts';
import { eachLimited } from './limit.ts';

const PAGE_SIZE = 200;
const IN_FLIGHT_MAX = 16;

/**
 * Takes the brake off an account and lets go of everything that it holds back, each by a decision of its
 * own in the name of `by`. Answers how many refunds were let go. A crash in between leaves the rest
 * held back, in the open: releasing again goes on with it.
 */
export async function releaseRefunds(
  pool: Pool,
  door: Pick<Door, 'apply'>,
  account: ChannelAccountKey,
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<number> {
  await takeBrakeOff(pool, account);
  const seen = new Set<string>();
  for (;;) {
    const page = await heldRefunds(pool, account, PAGE_SIZE);
    // What comes back was held again, by the limits of the hour: another release is another decision.
    const fresh = page.filter((one) => !seen.has(nameOf(one)));
    if (fresh.length === 0) return seen.size;
    for (const one of fresh) seen.add(nameOf(one));
    await eachLimited(fresh, IN_FLIGHT_MAX, async ({ attempt, number, ...key }) => {
      await door.apply(key, { type: 'refund_released', attempt, number, by, reason });
    });
  }
}

function nameOf({ paymentId, attempt, number }: HeldRefund): string {
  return `${paymentId}:${attempt}:${number}`;
}
