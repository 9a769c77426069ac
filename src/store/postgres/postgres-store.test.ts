import { afterAll, beforeAll, describe } from 'vitest';
import { freshDatabase } from '../../../test/support/database.ts';
import { countingBytes, START_MS } from '../../../test/support/scripted-payment.ts';
import { storeContract } from '../../../test/support/store-contract.ts';
import { idToUuid, newId } from '../../core/id.ts';
import type { Pool } from './pool.ts';
import { openPool } from './pool.ts';
import { postgresStore } from './postgres-store.ts';

const TABLES = `payment, channel_order, journal, history, exception_case, open_case, dropped_order,
  payment_expiry, sweep, event, webhook_endpoint, notice, webhook_delivery, refund, channel_refund, refund_job`;

describe('the store on PostgreSQL', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = openPool(await freshDatabase(), { max: 4, onError: () => {} });
  });
  afterAll(async () => {
    await pool.end();
  });

  storeContract(async () => {
    await pool.query(`TRUNCATE ${TABLES}`);
    return {
      store: postgresStore(pool),
      addEndpoint: async (merchantNumber) => {
        const id = newId('we', START_MS, countingBytes());
        const endpoint = { id, url: `https://shop.example/${id}`, secrets: ['whsec_1'] };
        await pool.query(
          `INSERT INTO webhook_endpoint (merchant_number, id, url, secret, created_at_ms)
           VALUES ($1, $2, $3, $4, $5)`,
          [merchantNumber, idToUuid(id), endpoint.url, 'whsec_1', START_MS],
        );
        return endpoint;
      },
    };
  }, 60);
});
