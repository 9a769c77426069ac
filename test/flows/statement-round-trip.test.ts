/** Rules that hold for every statement file, tried on drawn ones: what was written is read, and a cut is seen. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { madeStatement, MAKERS } from '../support/statement-files.ts';
import { verdictOn } from '../support/statement-verdict.ts';

const FORMATS = Object.keys(MAKERS);
const FOOTED = FORMATS.filter((name) => madeStatement(name, 1).hasFoot);
const drawn = { count: fc.integer({ min: 1, max: 25 }), seed: fc.nat(1_000_000) };

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe.each(FORMATS)('any file of %s', (name) => {
  test('is read as the lines that were written, in whatever pieces it arrives', async () => {
    await fc.assert(
      fc.asyncProperty(
        drawn.count,
        drawn.seed,
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }),
        async (count, seed, sizes) => {
          const made = madeStatement(name, count, seed);
          const verdict = await verdictOn({ stream: pieces(made.bytes, sizes) });
          if (!verdict.accepted) throw verdict.error;
          expect(verdict.lines).toEqual(made.lines);
          expect(verdict.read.statementLineCount).toBe(count);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('with any byte changed is refused in words, or read without a crash', async () => {
    await fc.assert(
      fc.asyncProperty(drawn.seed, fc.nat(), fc.nat(255), async (seed, place, value) => {
        const { bytes, lines } = madeStatement(name, 5, seed);
        bytes.writeUInt8(value, place % bytes.length);
        const verdict = await verdictOn(bytes);
        if (verdict.accepted) expect(verdict.lines).toHaveLength(lines.length);
      }),
      { numRuns: 150 },
    );
  });
});

describe.each(FOOTED)('any file of %s, which has a foot,', (name) => {
  test('is refused wherever it is cut, unless only its last line end is lost', async () => {
    await fc.assert(
      fc.asyncProperty(drawn.count, drawn.seed, fc.nat(), async (count, seed, place) => {
        const { bytes, lines } = madeStatement(name, count, seed);
        const cut = place % bytes.length;
        const verdict = await verdictOn(bytes.subarray(0, cut));
        const isOnlyTheEnd = /^[\r\n]*$/.test(bytes.subarray(cut).toString('latin1'));
        expect(verdict.accepted).toBe(isOnlyTheEnd);
        if (verdict.accepted) expect(verdict.lines).toEqual(lines);
      }),
      { numRuns: 60 },
    );
  });

  test('is refused cut at every single byte of it', async () => {
    const { bytes } = madeStatement(name, 2, 11);
    const end = bytes.toString('latin1').trimEnd().length;
    for (let cut = 0; cut < end; cut += 1)
      if ((await verdictOn(bytes.subarray(0, cut))).accepted) expect.unreachable(`cut at ${cut}`);
  });

  test('is refused with any two digits of one amount changed for others', async () => {
    await fc.assert(
      fc.asyncProperty(drawn.seed, fc.nat(), async (seed, place) => {
        const made = madeStatement(name, 6, seed);
        const at = made.rowsFrom + (place % 6);
        const record = made.records[at] ?? '';
        // The first amount of the row with two decimals.
        const changed = record.replace(/(?<=[,`-])(\d+)\.(\d\d)(?=[,\t])/, (_all, whole, part) => {
          return `${whole}.${String((Number(part) + 37) % 100).padStart(2, '0')}`;
        });
        if (changed === record) return;
        expect((await verdictOn(made.rebuilt(made.records.with(at, changed)))).accepted).toBe(
          // Alipay's foot does not repeat 订单金额; only the 汇总 does.
          name === 'alipay_trade',
        );
      }),
      { numRuns: 30 },
    );
  });
});
