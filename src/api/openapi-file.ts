/** Makes docs/openapi.json, when it is run: the document of the API in sandbox mode, which has every route. */
import { writeFileSync } from 'node:fs';
import pino from 'pino';
import { Registry } from 'prom-client';
import { POLICY_DEFAULT } from '../core/policy.ts';
import { offsetClock } from '../runtime/clock.ts';
import { openPool } from '../store/postgres/pool.ts';
import { postgresStore } from '../store/postgres/postgres-store.ts';
import type { ApiDependencies } from './dependencies.ts';
import { buildApi } from './server.ts';

export const OPENAPI_FILE = new URL('../../docs/openapi.json', import.meta.url);

/** The document as it stands in the file. Nothing is connected to: routes are declared, and none is called. */
export async function openapiText(): Promise<string> {
  const app = buildApi(unusedDependencies());
  try {
    await app.ready();
    return `${JSON.stringify(app.swagger(), null, 2)}\n`;
  } finally {
    await app.close();
  }
}

function refuse(): never {
  throw new Error('the document is made without anything behind it');
}

/** Enough to declare every route: whatever would be asked here is our mistake. */
function unusedDependencies(): ApiDependencies {
  const pool = openPool('postgres://nowhere.invalid/none', { max: 1, onError: refuse });
  return {
    pool,
    channelPool: pool,
    bulkPool: pool,
    reconciler: {
      fetchDay: refuse,
      importFile: refuse,
      reconcileDay: refuse,
      resume: refuse,
      miss: refuse,
    },
    store: postgresStore(pool),
    requests: { create: refuse, tryChannel: refuse, refund: refuse, sync: refuse, close: refuse },
    desk: {
      cases: { decide: refuse },
      notifications: { adopt: refuse, dismiss: refuse },
      releaseRefunds: refuse,
    },
    receiver: { receive: refuse },
    connectors: { all: [], forChannel: () => null, get: () => null },
    clock: offsetClock(),
    policy: POLICY_DEFAULT,
    linkOf: refuse,
    newId: refuse,
    newPaymentId: refuse,
    requestDeadlineMs: 0,
    mode: 'sandbox',
    testClock: { now: refuse, advance: refuse },
    sandboxUrl: 'http://127.0.0.1:4041',
    notReady: refuse,
    metrics: new Registry(),
    log: pino({ level: 'silent' }),
  };
}

if (import.meta.main) writeFileSync(OPENAPI_FILE, await openapiText());
