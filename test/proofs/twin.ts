/**
 * The same seeds on PostgreSQL: a simulated run asks memory and PostgreSQL the same, statement by statement,
 * and both must answer the same; in the end every payment is the same, and the audit views are empty.
 */
import type { Coupling } from '../../src/runtime/config.ts';
import { COUPLINGS } from '../../src/runtime/config.ts';
import { idToUuid } from '../../src/core/id.ts';
import { endpointsOf } from '../../src/simulator/merchants.ts';
import type { SimulatedViolation, SimulationOptions } from '../../src/simulator/simulation.ts';
import { runSimulation } from '../../src/simulator/simulation.ts';
import type { TwinStores } from '../../src/simulator/twin.ts';
import { postgresBooks, postgresReaders } from '../../src/store/postgres/book-databases.ts';
import type { Pool } from '../../src/store/postgres/pool.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import { postgresStore } from '../../src/store/postgres/postgres-store.ts';
import { onOwnDatabases } from './own-database.ts';

export type TwinRun = Pick<SimulationOptions, 'seed' | 'payments'> & {
  readonly coupling: Coupling;
  readonly databaseUrl: string;
  /** For books that lie apart. */
  readonly channelDatabaseUrl: string;
};

/** Runs one seed on fresh, migrated databases; answers what it broke, "twin" where the stores differ. */
export async function runTwin(run: TwinRun): Promise<{
  readonly violations: readonly SimulatedViolation[];
  readonly faults: number;
}> {
  const { seed, payments, coupling } = run;
  return await onTwinStores(run, async (twin) => {
    const { violations, faults } = await runSimulation({ seed, payments, coupling, twin });
    const faultCount = Object.values(faults).reduce((sum, one) => sum + one, 0);
    return { violations, faults: faultCount };
  });
}

/** Opens the stores of a run on its databases, and closes them afterwards. */
export async function onTwinStores<T>(
  {
    coupling,
    databaseUrl,
    channelDatabaseUrl,
  }: Pick<TwinRun, 'coupling' | 'databaseUrl' | 'channelDatabaseUrl'>,
  use: (
    stores: TwinStores,
    pools: { readonly payment: Pool; readonly channel: Pool },
  ) => Promise<T>,
): Promise<T> {
  const open = (url: string): Pool => openPool(url, { max: 12, onError: () => {} });
  const pools = { payment: open(databaseUrl), channel: open(channelDatabaseUrl) };
  try {
    await addEndpoints(pools.payment);
    const stores: TwinStores =
      coupling === 'together'
        ? { store: postgresStore(pools.payment) }
        : {
            databases: postgresBooks(pools),
            readers: postgresReaders(pools, { payment: null, channel: null }),
          };
    return await use(stores, pools);
  } finally {
    await Promise.all([pools.payment.end(), pools.channel.end()]);
  }
}

async function addEndpoints(pool: Pool): Promise<void> {
  for (const merchantNumber of [1, 2, 3]) {
    for (const { id, url, secrets } of endpointsOf(merchantNumber)) {
      await pool.query(
        `INSERT INTO webhook_endpoint (merchant_number, id, url, secret, created_at_ms)
         VALUES ($1, $2, $3, $4, 0)`,
        [merchantNumber, idToUuid(id), url, secrets[0]],
      );
    }
  }
}

export type TwinReport = {
  readonly runs: number;
  readonly payments: number;
  readonly faults: number;
  /** What differed or was broken, by seed and coupling. */
  readonly violations: readonly string[];
  readonly verdict: 'proven' | 'broken';
};

/** Runs that many seeds under each coupling, each on databases of its own. */
export async function proveTwin(plan: {
  readonly seed: number;
  readonly seeds: number;
  readonly payments: number;
  readonly onProgress: (line: string) => void;
}): Promise<TwinReport> {
  const report = { runs: 0, payments: 0, faults: 0 };
  const broken: string[] = [];
  for (let seed = plan.seed; seed < plan.seed + plan.seeds; seed++) {
    for (const coupling of COUPLINGS) {
      const { payments } = plan;
      const { violations, faults } = await onOwnDatabases(
        2,
        async ([databaseUrl = '', channelDatabaseUrl = '']) =>
          await runTwin({ seed, payments, coupling, databaseUrl, channelDatabaseUrl }),
      );
      report.runs += 1;
      report.payments += payments;
      report.faults += faults;
      broken.push(...violations.map(({ id, words }) => `seed ${seed} ${coupling}: ${id} ${words}`));
      plan.onProgress(`seed ${seed} ${coupling}: ${violations.length} violations`);
    }
  }
  return { ...report, violations: broken, verdict: broken.length === 0 ? 'proven' : 'broken' };
}
