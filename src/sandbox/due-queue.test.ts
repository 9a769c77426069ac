import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueQueue } from './due-queue.ts';

test('what is due comes out by time, and in the order it was put in where times are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }), (times) => {
      const queue = new DueQueue<number>();
      for (const [index, atMs] of times.entries()) queue.push(atMs, index);
      const out: { atMs: number; index: number }[] = [];
      for (let next = queue.pop(); next !== null; next = queue.pop()) {
        out.push({ atMs: next.atMs, index: next.item });
      }
      const expected = times
        .map((atMs, index) => ({ atMs, index }))
        .sort((left, right) => left.atMs - right.atMs || left.index - right.index);
      expect(out).toEqual(expected);
    }),
  );
});

test('putting in and taking out may alternate', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: 0, max: 99 })), { maxLength: 80 }),
      (steps) => {
        const queue = new DueQueue<number>();
        const model: number[] = [];
        for (const step of steps) {
          const earliest = model.length === 0 ? undefined : Math.min(...model);
          expect(queue.peek()?.atMs).toBe(earliest);
          const taken = step === null ? queue.pop()?.item : queue.push(step, step);
          expect(taken).toBe(step === null ? earliest : undefined);
          if (step !== null) model.push(step);
          else if (earliest !== undefined) model.splice(model.indexOf(earliest), 1);
        }
      },
    ),
  );
});
