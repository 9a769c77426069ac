import { beforeEach, expect, test } from 'vitest';
import type { MessageName } from './book-databases.ts';
import type { OutboxPort } from './relay-store.ts';
import { outboxPort } from './relay-store.ts';

const named = (number: number): MessageName => ({
  merchantNumber: 1,
  paymentId: `pay_${number}`,
  key: 'open_try:1',
});
const namesOf = (statements: readonly Statement[]) =>
  statements.map(({ messages }) => messages.map((one) => one.paymentId));

type Statement = { messages: readonly MessageName[]; end: (error?: Error) => void };
let statements: Statement[];
let outbox: OutboxPort;

beforeEach(() => {
  statements = [];
  const dropper = {
    dropOutbox: async (messages: readonly MessageName[]) =>
      await new Promise<void>((resolve, reject) => {
        statements.push({ messages, end: (error) => (error ? reject(error) : resolve()) });
      }),
  };
  outbox = outboxPort({ payment: dropper, channel: dropper });
});

/** Whatever follows from what has happened so far. */
const settled = async (): Promise<void> =>
  await new Promise((resolve) => {
    setImmediate(resolve);
  });

test('rows let go of while a statement is under way go in one, ordered, and nobody is told before', async () => {
  const first = outbox.drop('payment', [named(1)]);
  await settled();
  let isToldEarly = false;
  const rest = [4, 2, 3].map(async (number) => {
    await outbox.drop('payment', [named(number)]);
    isToldEarly = true;
  });
  await settled();
  expect(namesOf(statements)).toEqual([['pay_1']]);
  statements[0]?.end();
  await first;
  await settled();
  expect(namesOf(statements)).toEqual([['pay_1'], ['pay_2', 'pay_3', 'pay_4']]);
  expect(isToldEarly).toBe(false);
  statements[1]?.end();
  await Promise.all(rest);
  expect(isToldEarly).toBe(true);
});

test('a statement that fails is told to those whose rows it had, and to no one else', async () => {
  const failed = outbox.drop('payment', [named(1)]).catch(String);
  await settled();
  const later = outbox.drop('payment', [named(2)]);
  statements[0]?.end(new Error('gone'));
  expect(await failed).toContain('gone');
  await settled();
  statements[1]?.end();
  await later;
  expect(namesOf(statements)).toEqual([['pay_1'], ['pay_2']]);
});

test('the two books do not wait for each other', async () => {
  const drops = [outbox.drop('payment', [named(1)]), outbox.drop('channel', [named(2)])];
  await settled();
  expect(statements).toHaveLength(2);
  for (const { end } of statements) end();
  await Promise.all(drops);
});
