/**
 * A real pool as one process of the simulated world has it during one life: each statement travels there and
 * back in simulated time, may fail on the way, and is carried out in the turn of everything else that the
 * run asks of that database. A transaction is carried out in one go, for no time of the world may pass in it.
 */
import type { PoolClient } from 'pg';
import type { Life } from '../../src/simulator/life.ts';
import type { Twin } from '../../src/simulator/twin.ts';
import type { Pool } from '../../src/store/postgres/pool.ts';

type Client = PoolClient;

const LEG_MS = [0, 3] as const;

/** The pool as that life has it; a connection that it held when it ended is broken off some time later. */
export function simulatedPool(pool: Pool, life: Life, twin: Twin): Pool {
  const travel = async <T>(site: string, use: () => Promise<T>): Promise<T> =>
    await life.exchange(`day.${site}`, LEG_MS, async () => {
      if (life.hits('store_error', `day.${site}`)) throw new Error('the database is away');
      return await twin.beside(use);
    });
  const query = async (...asked: unknown[]): Promise<unknown> =>
    await travel('query', async () => await askOf(pool, asked));
  const connect = async (): Promise<Client> =>
    // Also a process that died on the way has its connection until it is missed.
    await travel('connect', async () => heldClient(await pool.connect(), life, twin, travel));
  return new Proxy(pool, {
    get: (target, name) => {
      if (name === 'query') return query;
      if (name === 'connect') return connect;
      return Reflect.get(target, name);
    },
  });
}

function heldClient(
  client: Client,
  life: Life,
  twin: Twin,
  travel: <T>(site: string, use: () => Promise<T>) => Promise<T>,
): Client {
  let isReleased = false;
  /** Ends the turn of the transaction that is under way; null when none is. */
  let endTurn: (() => void) | null = null;
  const release = (isBroken?: boolean | Error): void => {
    if (isReleased) return;
    isReleased = true;
    forget();
    client.release(isBroken);
    endTurn?.();
    endTurn = null;
  };
  const forget = life.atEnd(() => release(true));
  const begin = async (asked: unknown[]): Promise<unknown> =>
    await travel('begin', async () => await Promise.resolve()).then(async () => {
      endTurn = await takeTurn(twin);
      return await askOf(client, asked);
    });
  const query = (...asked: unknown[]): unknown => {
    const [text] = asked;
    if (text === 'BEGIN') return begin(asked);
    if (endTurn === null) return travel('query', async () => await askOf(client, asked));
    const answer = ask(client, asked);
    if (text !== 'COMMIT' && text !== 'ROLLBACK') return answer;
    return Promise.resolve(answer).finally(() => {
      endTurn?.();
      endTurn = null;
    });
  };
  return new Proxy(client, {
    get: (target, name) => {
      if (name === 'query') return query;
      if (name === 'release') return release;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Whatever was asked, as it was asked: a text with its values, or a stream that is copied. */
function ask(to: object, asked: readonly unknown[]): unknown {
  return (to as { query(...asked: readonly unknown[]): unknown }).query(...asked);
}

async function askOf(to: object, asked: readonly unknown[]): Promise<unknown> {
  return await Promise.resolve(ask(to, asked));
}

/** Comes back when everything asked before is done; nothing else is asked until the turn is ended. */
async function takeTurn(twin: Twin): Promise<() => void> {
  const begun = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  void twin.beside(async () => {
    begun.resolve();
    await over.promise;
  });
  await begun.promise;
  return over.resolve;
}
