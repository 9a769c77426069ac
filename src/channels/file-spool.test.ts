import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFileSpool } from './file-spool.ts';

/** A folder for temporary files that nobody else uses meanwhile. */
let folder: string;
const before = process.env['TMPDIR'];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-test-'));
  process.env['TMPDIR'] = folder;
});
afterAll(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  rmSync(folder, { recursive: true });
});

test('gives back what was written, piece by piece, and leaves nothing in the folder', async () => {
  const spool = await openFileSpool();
  const pieces = [Buffer.alloc(100_000, 'a'), Buffer.from('付款'), Buffer.alloc(70_000, 'b')];
  for (const piece of pieces) await spool.write(piece);
  const read: Uint8Array[] = [];
  for await (const piece of spool.read()) read.push(piece);
  expect(Buffer.concat(read).equals(Buffer.concat(pieces))).toBe(true);
  expect(Math.max(...read.map(({ length }) => length))).toBeLessThanOrEqual(65_536);
  expect(readdirSync(folder)).toEqual([]);
});

test('gives back nothing where nothing was written', async () => {
  const spool = await openFileSpool();
  const read: Uint8Array[] = [];
  for await (const piece of spool.read()) read.push(piece);
  expect(read).toEqual([]);
});

test('is gone when its reader stops, when it is let go of, and when it was read', async () => {
  const stopped = await openFileSpool();
  await stopped.write(Buffer.alloc(200_000));
  for await (const piece of stopped.read()) {
    expect(piece).toHaveLength(65_536);
    break;
  }
  await expect(stopped.write(Buffer.from('x'))).rejects.toThrow('closed');
  const unread = await openFileSpool();
  await unread.read()[Symbol.asyncIterator]().return?.();
  await expect(unread.write(Buffer.from('x'))).rejects.toThrow('closed');
  const dropped = await openFileSpool();
  await dropped.discard();
  await expect(dropped.write(Buffer.from('x'))).rejects.toThrow('closed');
});
