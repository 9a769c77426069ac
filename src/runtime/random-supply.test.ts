import { expect, test } from 'vitest';
import { newRandomSupply } from './random-supply.ts';

/** A supply of counted bytes, and how often it was drawn. */
function counted() {
  let next = 0;
  let draws = 0;
  const supply = newRandomSupply((into) => {
    draws += 1;
    for (let at = 0; at < into.length; at++) into[at] = next++ % 251;
  });
  return { supply, draws: () => draws };
}

test('each byte is handed out once, in pieces of the size asked for', () => {
  const { supply, draws } = counted();
  const pieces = Array.from({ length: 1_000 }, () => [...supply(10)]);
  const seen = pieces.flat();
  expect(pieces.every((piece) => piece.length === 10)).toBe(true);
  // 409 pieces come out of each draw of 4,096 bytes; the six that are left over are thrown away.
  const expected = Array.from({ length: 1_000 }, (_, piece) => {
    const start = Math.floor(piece / 409) * 4_096 + (piece % 409) * 10;
    return Array.from({ length: 10 }, (_byte, at) => (start + at) % 251);
  });
  expect(seen).toEqual(expected.flat());
  expect(draws()).toBe(3);
});

test('more than a supply holds is drawn at once', () => {
  const { supply, draws } = counted();
  expect(supply(10_000)).toHaveLength(10_000);
  expect(draws()).toBe(1);
});
