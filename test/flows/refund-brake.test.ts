/** The brake on money that the platform returns by itself, over real HTTP. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshDatabase } from '../support/database.ts';
import type { Story } from '../support/refund-story.ts';
import { newStory } from '../support/refund-story.ts';
import type { World } from '../support/world.ts';
import { openWorld } from '../support/world.ts';

let world: World;
let story: Story;
beforeAll(async () => {
  const databaseUrl = await freshDatabase();
  world = await openWorld(databaseUrl, { policy: { automaticRefundsPerHourMax: 2 } });
  story = newStory(world, databaseUrl);
});
afterAll(async () => {
  expect(await story.broken()).toEqual([]);
  await world.stop();
});

const change = async (action: 'hold' | 'release') =>
  await world.operate('POST', '/v1/refund_brake', {
    channel: 'sandbox',
    action,
    reason: 'A wave of duplicates',
  });
const returnedOf = async (ids: readonly string[]): Promise<number> =>
  (await Promise.all(ids.map(async (id) => await story.returned(id)))).flat().length;
const paidTwice = async (...numbers: string[]): Promise<string[]> => {
  const ids: string[] = [];
  for (const number of numbers) ids.push(await story.play(number, 'pay_twice'));
  await world.advance('PT1M');
  return ids;
};

it('what is held by the switch stays owed, in the open, and leaves when it is released', async () => {
  expect(await change('hold')).toMatchObject({ status: 200 });
  const [id = ''] = await paidTwice('SO-HELD');
  expect(await story.returned(id)).toEqual([]);
  expect(await story.refundsOf(id)).toMatchObject([{ channel_refunds: [{ status: 'held_back' }] }]);
  const exception = await story.openCase(id, 'failed_refund');
  const detail = await world.operate('GET', `/v1/exceptions/${exception}`);
  expect(detail.body).toMatchObject({ owner: 'operations', actions: [] });
  // A merchant's own refund is not held: somebody asked for it.
  await story.refund(id, 'RF-HELD', 100);
  await world.advance('PT1M');
  expect(await story.returned(id)).toEqual([100]);
  expect((await change('release')).body).toMatchObject({ released: 1 });
  await world.advance('PT1M');
  expect(await story.returned(id)).toEqual([100, 8800]);
  expect(await story.read(id)).toMatchObject({ surplus: { returned: 8800 } });
});

it('what is over the limit of the hour is held too, and each release lets one quota go', async () => {
  await change('release');
  const ids = await paidTwice('SO-1', 'SO-2', 'SO-3', 'SO-4', 'SO-5');
  expect(await returnedOf(ids)).toBe(2);
  expect((await change('release')).body).toMatchObject({ released: 3 });
  await world.advance('PT1M');
  expect(await returnedOf(ids)).toBe(4);
  expect((await change('release')).body).toMatchObject({ released: 1 });
  await world.advance('PT1M');
  expect(await returnedOf(ids)).toBe(5);
  for (const id of ids) {
    expect(await story.read(id)).toMatchObject({ surplus: { received: 8800, returned: 8800 } });
  }
});
