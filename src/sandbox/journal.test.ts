import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openJournal } from './journal.ts';
import { TestRig } from './test-rig.ts';

const closeLine = (key: string) => ({ kind: 'tombstone', key }) as const;

let folder: string;
let journalPath: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-journal-'));
  journalPath = join(folder, 'books.jsonl');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a sandbox with a journal', () => {
  test('comes back with its books, its clock and what it still has to do', async () => {
    const first = await TestRig.start({ journalPath });
    await first.control('POST', '/control/clock', { offset_ms: 5_000 });
    const paid = first.order({ product: 'quickpay' });
    const answer = await first.call('pay', paid);
    const slow = first.order({ scenario: 'slow_payer', notify_url: 'http://127.0.0.1:1/' });
    await first.call('pay', slow);
    const closed = first.order();
    await first.call('close', closed);
    const before = await first.control('GET', '/books');
    await first.stop();

    const second = await TestRig.start({ journalPath });
    expect((await second.control('GET', '/books')).words).toEqual(before.words);
    expect((await second.control('GET', '/control/clock')).words['offset_ms']).toBe(5_000);
    expect((await second.call('pay', paid)).words).toEqual(answer.words);
    expect((await second.call('pay', closed)).words['code']).toBe('ORDER_CLOSED');
    await second.control('POST', '/control/clock', { offset_ms: 14_000 });
    await second.control('POST', '/control/run_due', {});
    expect((await second.call('query', slow)).words['state']).toBe('PAID');
    await second.stop();
  });

  test('has written a charge down before it answers for it', async () => {
    const rig = await TestRig.start({ journalPath });
    const { words } = await rig.call('pay', rig.order({ product: 'quickpay' }));
    expect(readFileSync(journalPath, 'utf8')).toContain(String(words['trade_no']));
    await rig.stop();
  });

  test('sends again what was under way when it stopped', async () => {
    const first = await TestRig.start({ journalPath });
    first.acknowledgement = { status: 500, body: '' };
    const order = first.order({ scenario: 'success' });
    await first.call('pay', order);
    await first.receive(1);
    await first.stop();
    const second = await TestRig.start({ journalPath });
    const { words } = await second.control('GET', '/control/next_due');
    expect(words['next_due_at_ms']).toBeGreaterThan(Date.now());
    await second.stop();
  });
});

describe('the journal', () => {
  test('drops a last line that was cut off, and refuses a broken line before it', () => {
    writeFileSync(journalPath, `${JSON.stringify(closeLine('sandbox/A'))}\n{"kind":"tombst`);
    const restored: unknown[] = [];
    openJournal(
      journalPath,
      (entry) => restored.push(entry),
      () => [],
    ).close();
    expect(restored).toEqual([closeLine('sandbox/A')]);
    writeFileSync(journalPath, '{"kind":"tombst\n{"kind":"tombstone","key":"sandbox/B"}\n');
    const open = () =>
      openJournal(
        journalPath,
        () => undefined,
        () => [],
      );
    expect(open).toThrow(SyntaxError);
  });

  test('is rewritten at the start to what is true now, and then grows', () => {
    for (let line = 0; line < 100; line += 1) {
      appendFileSync(journalPath, `${JSON.stringify(closeLine('sandbox/A'))}\n`);
    }
    const journal = openJournal(
      journalPath,
      () => undefined,
      () => [closeLine('sandbox/A')],
    );
    journal.append(closeLine('sandbox/B'));
    journal.close();
    const lines = readFileSync(journalPath, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      closeLine('sandbox/A'),
      closeLine('sandbox/B'),
    ]);
    expect(statSync(journalPath).mode & 0o777).toBe(0o600);
  });
});
