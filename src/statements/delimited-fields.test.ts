import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endsInsideQuotes, pickFields, splitFields } from './delimited-fields.ts';
import { StatementError } from './statement-format.ts';

describe('the fields of a record', () => {
  test.each([
    ['', ['']],
    ['a,b', ['a', 'b']],
    ['a,,', ['a', '', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a ""b""",c', ['a "b"', 'c']],
    ['"",""', ['', '']],
    ['24" screen,c', ['24" screen', 'c']],
    ['a,b "c", d', ['a', 'b "c"', ' d']],
    ['"a"\t,b', ['a', 'b']],
    ['"a\nb",c', ['a\nb', 'c']],
    [' "a",b', [' "a"', 'b']],
  ])('%j → %j', (text, fields) => {
    expect(splitFields(text, 1)).toEqual(fields);
  });

  test.each([
    ['"a', 'a quote is never closed'],
    ['a,"b', 'a quote is never closed'],
    ['"a""', 'a quote is never closed'],
    ['"a"b,c', 'text stands between'],
    ['a,"b""c"d', 'text stands between'],
  ])('%j is refused at its line', (text, reason) => {
    expect(() => splitFields(text, 7)).toThrow(StatementError);
    expect(() => splitFields(text, 7)).toThrow(`line 7: ${reason}`);
  });

  const field = fc.string({ unit: fc.constantFrom('a', '"', ',', ' ', '\n', '中', '9') });
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

  test('come back whatever is in them, once they are quoted', () => {
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), (fields) => {
        const record = fields.map(quoted).join(',');
        expect(splitFields(record, 1)).toEqual(fields);
        expect(endsInsideQuotes(record, false)).toBe(false);
      }),
    );
  });

  test('that are picked are those that a split has at their positions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(field, fc.boolean()), { minLength: 1, maxLength: 12 }),
        fc.uniqueArray(fc.nat(11)),
        (fields, positions) => {
          const record = fields
            .map(([text, isQuoted]) => (isQuoted ? quoted(text) : text.replaceAll(/[",\n]/g, '-')))
            .join(',');
          const all = splitFields(record, 1);
          const wanted = positions.filter((one) => one < all.length).toSorted((a, b) => a - b);
          const picked: string[] = [];
          expect(pickFields(record, wanted, picked, 1)).toBe(all.length);
          expect(picked).toEqual(wanted.map((position) => all[position]));
        },
      ),
    );
  });

  test.each([
    ['a,b', false, false],
    ['a,"b', false, true],
    ['a,"b"', false, false],
    ['24" screen', false, false],
    ['still inside', true, true],
    ['ends here",b', true, false],
    ['doubled "" inside', true, true],
    ['ends", and "begins again', true, false],
    ['ends","begins again', true, true],
  ])('%j, begun inside quotes: %s, ends inside: %s', (text, isInside, ends) => {
    expect(endsInsideQuotes(text, isInside)).toBe(ends);
  });
});
