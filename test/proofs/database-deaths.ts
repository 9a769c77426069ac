/** A database server dies under a running platform, which stays up and has to find back by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Coupling } from '../../src/runtime/config.ts';
import { watchAway } from './away-watch.ts';
import { checkDurable } from './kill-checks.ts';
import type { KillOrder } from './kill-load.ts';
import { killOrders, playOrders } from './kill-load.ts';
import type { KillRun, WorldPlan } from './kill-run.ts';
import { inWorld } from './kill-run.ts';
import type { KillablePostgres, KillableServers } from './killable-postgres.ts';

/** When a database dies: so long after so many answers; with `twice` again as soon as it is back. */
export type DatabaseMoment = {
  readonly coupling: Coupling;
  /** With `both`, both books lie on one server; else each has a server of its own, and this one's dies alone. */
  readonly victim: 'both' | 'payment' | 'channel';
  readonly answers: number;
  readonly delayMs: number;
  readonly twice: boolean;
  /** How long it stays away; the API is asked all the while. */
  readonly awayMs: number;
};

const AT_ONCE = { awayMs: 0, victim: 'both' } as const;

/** One of two servers dies alone: as the load begins, in its midst, and when only jobs are left. */
const ALONE = (['relay', 'two_phase'] as const).flatMap((coupling) =>
  (['payment', 'channel'] as const).flatMap((victim): readonly DatabaseMoment[] => [
    { coupling, victim, answers: 0, delayMs: 30, twice: false, awayMs: 0 },
    // Shorter than anybody's patience: who waits is answered.
    { coupling, victim, answers: 8, delayMs: 3, twice: true, awayMs: 1_500 },
    // Longer than a request may take: everybody is told.
    { coupling, victim, answers: 14, delayMs: 0, twice: false, awayMs: 12_000 },
    { coupling, victim, answers: 28, delayMs: 1_200, twice: false, awayMs: 3_000 },
  ]),
);

export const DATABASE_MOMENTS: readonly DatabaseMoment[] = [
  { coupling: 'together', answers: 0, delayMs: 30, twice: false, ...AT_ONCE },
  { coupling: 'together', answers: 3, delayMs: 0, twice: false, ...AT_ONCE },
  { coupling: 'together', answers: 10, delayMs: 7, twice: false, ...AT_ONCE },
  { coupling: 'together', answers: 14, delayMs: 0, twice: false, victim: 'both', awayMs: 12_000 },
  { coupling: 'together', answers: 20, delayMs: 0, twice: true, ...AT_ONCE },
  // The load is over: queries, expiries and late notifications are under way.
  { coupling: 'together', answers: 28, delayMs: 1_200, twice: false, ...AT_ONCE },
  { coupling: 'together', answers: 28, delayMs: 2_400, twice: true, ...AT_ONCE },
  { coupling: 'relay', answers: 10, delayMs: 7, twice: false, ...AT_ONCE },
  { coupling: 'relay', answers: 28, delayMs: 1_200, twice: true, ...AT_ONCE },
  { coupling: 'two_phase', answers: 10, delayMs: 7, twice: false, ...AT_ONCE },
  { coupling: 'two_phase', answers: 28, delayMs: 1_200, twice: true, ...AT_ONCE },
  ...ALONE,
];

/** Payments that are asked for while a database is away. */
const AWAY_PAYMENTS = 3;

type Size = { readonly payments: number; readonly seed: number };
type Servers = { readonly payment: KillablePostgres; readonly channel: KillablePostgres };

/** One death, or two, in a world whose servers belong to it alone. */
export async function killDatabase(
  run: KillRun,
  servers: KillableServers,
  moment: DatabaseMoment,
  size: Size,
): Promise<void> {
  const payment = await servers.start();
  try {
    if (moment.victim === 'both') {
      await playDeath(run, moment, size, { payment, channel: payment });
      return;
    }
    const channel = await servers.start();
    try {
      await playDeath(run, moment, size, { payment, channel });
    } finally {
      await channel.stop();
    }
  } finally {
    await payment.stop();
  }
}

async function playDeath(
  run: KillRun,
  moment: DatabaseMoment,
  { payments, seed }: Size,
  servers: Servers,
): Promise<void> {
  const { coupling, victim, answers, delayMs, twice, awayMs } = moment;
  const orders = killOrders(payments, seed, `P${seed}`);
  const meanwhile = awayMs > 0 ? killOrders(AWAY_PAYMENTS, seed, `A${seed}`) : [];
  const channel = coupling === 'together' ? null : await servers.channel.freshDatabase();
  const plan: WorldPlan = {
    name: nameOf(moment),
    seed,
    orders: [...orders, ...meanwhile],
    databases: { coupling, payment: await servers.payment.freshDatabase(), channel },
    directory: servers.payment.directory,
    loses: false,
  };
  const server = servers[victim === 'channel' ? 'channel' : 'payment'];
  await inWorld(run, plan, async (world, load, found) => {
    const die = async (asked: readonly KillOrder[]): Promise<void> => {
      const processes = await server.kill();
      run.tallies[coupling].databaseKills += 1;
      run.say(`${plan.name}: killed ${processes} processes`);
      const back = (async () => {
        run.awayStates += await watchAway(world, load, awayMs);
        await server.restart();
      })();
      await Promise.all([playOrders(asked, world, load), back]);
    };
    await world.start('worker');
    await world.start('api');
    const over = new AbortController();
    const played = playOrders(orders, world, load).finally(() => over.abort());
    const died = (async () => {
      while (load.answers < answers && !over.signal.aborted) await sleep(2);
      await sleep(delayMs);
      await die(meanwhile);
      if (twice) await die([]);
      found.lost.push(...(await checkDurable(world, load)));
    })();
    await Promise.all([played, died]);
  });
}

function nameOf({ coupling, victim, answers, delayMs, twice, awayMs }: DatabaseMoment): string {
  const who = victim === 'both' ? 'postgres' : `the ${victim} book's postgres alone`;
  const how = `${twice ? ', twice' : ''}${awayMs > 0 ? `, for ${awayMs} ms` : ''}`;
  return `${coupling} ${who} after ${answers} answers + ${delayMs} ms${how}`;
}
