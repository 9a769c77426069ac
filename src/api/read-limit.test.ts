import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { expect, test } from 'vitest';
import { offsetClock } from '../runtime/clock.ts';
import type { KeyOwner } from '../store/postgres/merchants.ts';
import type { ApiProblem } from './api-problem.ts';
import { limitReads } from './read-limit.ts';

const clock = { ...offsetClock(), nowMs: () => 0 };

/** How many of so many requests pass. */
function passed(
  limit: ReturnType<typeof limitReads>,
  caller: KeyOwner,
  method: string,
  count: number,
): number {
  let passes = 0;
  const done = ((problem?: ApiProblem) => {
    if (problem === undefined) passes += 1;
    else expect(problem.problem).toBe('rate_limited');
  }) as HookHandlerDoneFunction;
  const request = { method, caller } as FastifyRequest;
  for (let at = 0; at < count; at++)
    Reflect.apply(limit, null, [request, {} as FastifyReply, done]);
  return passes;
}

test('whoever reads in a tight loop is told to slow down, and nobody else', () => {
  const limit = limitReads({ clock });
  expect(passed(limit, { merchantNumber: 1, latePayment: 'refund' }, 'GET', 5_000)).toBe(1_000);
  expect(passed(limit, { merchantNumber: 1, latePayment: 'refund' }, 'GET', 1)).toBe(0);
  expect(passed(limit, { merchantNumber: 2, latePayment: 'refund' }, 'GET', 1)).toBe(1);
  expect(passed(limit, { operatorId: 'op_1', name: 'Ada' }, 'GET', 1)).toBe(1);
});

test('writes do not count as reads', () => {
  const limit = limitReads({ clock });
  expect(passed(limit, { merchantNumber: 1, latePayment: 'refund' }, 'POST', 5_000)).toBe(5_000);
});

test('the allowance comes back with time', () => {
  const moving = { ...offsetClock(), nowMs: () => moving.offsetMs };
  const limit = limitReads({ clock: moving });
  passed(limit, { merchantNumber: 1, latePayment: 'refund' }, 'GET', 5_000);
  moving.offsetMs = 500;
  expect(passed(limit, { merchantNumber: 1, latePayment: 'refund' }, 'GET', 5_000)).toBe(500);
});
