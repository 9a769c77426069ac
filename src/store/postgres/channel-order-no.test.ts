import pg from 'pg';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/database.ts';
import { ATTEMPT_MAX, channelOrderNo, idToUuid, newPaymentId } from '../../core/id.ts';

test('the database makes the same channel order number of a payment and an attempt as the core does', async () => {
  const client = new pg.Client({ connectionString: await freshDatabase() });
  await client.connect();
  try {
    const drawn = Array.from({ length: 200 }, (_, at) => {
      const random = Uint8Array.from(
        { length: 10 },
        (_byte, place) => (at * 37 + place * 101) % 256,
      );
      const id = newPaymentId(1 + at * 83_000, 1_795_000_000_000 + at * 7_919, random);
      return { id, attempt: at === 0 ? ATTEMPT_MAX : 1 + ((at * 13) % ATTEMPT_MAX) };
    });
    const { rows } = await client.query<{ number: string }>(
      `SELECT channel_order_no(id, attempt) AS number
       FROM unnest($1::uuid[], $2::integer[]) WITH ORDINALITY AS d (id, attempt, place) ORDER BY place`,
      [drawn.map(({ id }) => idToUuid(id)), drawn.map(({ attempt }) => attempt)],
    );
    expect(rows.map(({ number }) => number)).toEqual(
      drawn.map(({ id, attempt }) => channelOrderNo(id, attempt)),
    );
  } finally {
    await client.end();
  }
});
