import { describe, expect, test } from 'vitest';
import { chineseMidnight, localClock } from './local-time.ts';

const CHINA = localClock(480);

describe('a local time', () => {
  test('is read in its zone, whatever was read before', () => {
    for (const text of ['2026-11-18 09:00:20', '2026-11-19 00:00:00', '2026-11-18 23:59:59'])
      expect(CHINA.msOf(text)).toBe(Date.parse(`${text.replace(' ', 'T')}+08:00`));
    expect(localClock(-300).msOf('2026-02-28 23:30:00')).toBe(Date.UTC(2026, 2, 1, 4, 30));
  });

  test('at a leap second is the second before it', () => {
    expect(CHINA.msOf('2026-11-18 23:59:60')).toBe(CHINA.msOf('2026-11-18 23:59:59'));
  });

  test.each([
    '',
    '2026-11-18',
    '2026-11-18T09:00:20',
    '2026-11-18 9:00:20',
    '2026-02-29 09:00:20',
    '2026-11-18 24:00:00',
    '2026-11-18 09:60:00',
    '2026-11-18 09:00:61',
    '2026/11/18 09:00:20',
    '2026-11-18 09:00:2x',
    '2026-11-18 09:00:20 ',
    '20２6-11-18 09:00:20',
  ])('is not %j', (text) => {
    expect(CHINA.msOf(text)).toBeNaN();
    CHINA.msOf('2026-11-18 00:00:00');
    expect(CHINA.msOf(text)).toBeNaN();
  });
});

test('a midnight in Chinese is its day', () => {
  expect(chineseMidnight(' 2026年11月18日 00:00:00')).toBe('2026-11-18');
  expect(chineseMidnight('2026年11月18日 00:00:01')).toBeNull();
  expect(chineseMidnight('2026年02月30日 00:00:00')).toBeNull();
});
