/** Every form that a genuine notification may legally take. */
import type { Drawn, Random, Sent } from './notification-draw.ts';
import { below, newNonce, sealedMessage } from './notification-draw.ts';

export type ExpectedOutcome =
  | { readonly type: 'succeeded'; readonly amountMinor: number; readonly currency: string }
  | { readonly type: 'pending' | 'failed' | 'unknown' };

export type GenuineForm = (
  drawn: Drawn,
  random: Random,
) => Sent & { readonly expected: ExpectedOutcome };

/** A paid notification with its body written in some way. */
function paid(write: (words: Drawn['words'], random: Random) => string): GenuineForm {
  return (drawn, random) => {
    const { amountMinor, currency } = drawn.order;
    return {
      ...sealedMessage(drawn.sealing, write(drawn.words, random)),
      expected: { type: 'succeeded', amountMinor, currency },
    };
  };
}

const plain = (words: Drawn['words']): string => JSON.stringify(words);

/** Another word than PAID. */
function saying(
  type: 'pending' | 'failed' | 'unknown',
  change: (words: Drawn['words']) => Readonly<Record<string, unknown>>,
): GenuineForm {
  return ({ sealing, words }) => ({
    ...sealedMessage(sealing, JSON.stringify(change(words))),
    expected: { type },
  });
}

/** A paid notification signed at another moment, or with another nonce. */
function sealedAs(
  change: (drawn: Drawn, random: Random) => Partial<Drawn['sealing']>,
): GenuineForm {
  return (drawn, random) =>
    paid(plain)({ ...drawn, sealing: { ...drawn.sealing, ...change(drawn, random) } }, random);
}

const without = (words: Drawn['words'], ...names: string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(words).filter(([name]) => !names.includes(name)));

function shuffled(words: Drawn['words'], random: Random): Record<string, unknown> {
  const entries = Object.entries(words);
  for (let last = entries.length - 1; last > 0; last--) {
    const other = below(random, last + 1);
    const [a, b] = [entries[last], entries[other]];
    if (a && b) [entries[last], entries[other]] = [b, a];
  }
  return Object.fromEntries(entries);
}

/** Each non-ASCII and some ASCII characters written as escapes. */
function escaped(json: string): string {
  return json.replace(/[^\x20-\x7e]|[AP]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

const SUBJECT = '两杯咖啡 ☕ “quoted” 🧾 \u202eabc';

/** By name. */
export const GENUINE_FORMS: Readonly<Record<string, GenuineForm>> = {
  'as the channel sends it': paid((words) => JSON.stringify(words)),
  'with its keys in any order': paid((words, random) => JSON.stringify(shuffled(words, random))),
  'with a field added': paid((words) => JSON.stringify({ ...words, fee: 3 })),
  'with fields added of every type': paid((words) =>
    JSON.stringify({
      a: null,
      ...words,
      b: [1, { amount: 'no' }],
      c: { d: { state: 'DECLINED' } },
      e: 0.5,
      f: false,
    }),
  ),
  'with an added field that comes twice': paid(
    (words) => `{"x":1,"x":2,${JSON.stringify(words).slice(1)}`,
  ),
  'with a prototype as added field': paid(
    (words) => `{"__proto__":{"state":"DECLINED"},${JSON.stringify(words).slice(1)}`,
  ),
  'with a deep added field': paid(
    (words) => `{"deep":${'['.repeat(5_000)}${']'.repeat(5_000)},${JSON.stringify(words).slice(1)}`,
  ),
  'with a long added field': paid((words) =>
    JSON.stringify({ ...words, note: '长'.repeat(10_000) }),
  ),
  'with a unicode subject': paid((words) => JSON.stringify({ ...words, subject: SUBJECT })),
  'with escaped characters': paid((words) =>
    escaped(JSON.stringify({ ...words, subject: SUBJECT })),
  ),
  'with escaped slashes': paid((words) => JSON.stringify(words).replaceAll('/', '\\/')),
  'with half a character escaped': paid(
    (words) => `{"subject":"\\ud83e",${JSON.stringify(words).slice(1)}`,
  ),
  'written with indentation': paid((words) => JSON.stringify(words, null, 2)),
  'written with tabs': paid((words) => JSON.stringify(words, null, '\t')),
  'written with CRLF': paid((words) => JSON.stringify(words, null, 1).replaceAll('\n', '\r\n')),
  'with blanks before and after': paid((words) => ` \n${JSON.stringify(words)}\t\r\n `),
  'with the amount as 1e0 times': paid((words) =>
    JSON.stringify(words).replace(/"amount":(\d+)/, '"amount":$1e0'),
  ),
  'with the amount as .0': paid((words) =>
    JSON.stringify(words).replace(/"amount":(\d+)/, '"amount":$1.0'),
  ),
  'with a time in another zone': paid((words) =>
    JSON.stringify({ ...words, paid_at: String(words['paid_at']).replace('Z', '+00:00') }),
  ),
  'with a time in whole seconds': paid((words) =>
    JSON.stringify({ ...words, paid_at: String(words['paid_at']).replace(/\.\d+Z/, 'Z') }),
  ),
  'with a long trade number': paid((words) =>
    JSON.stringify({ ...words, trade_no: 'T'.repeat(64) }),
  ),
  'without what is optional': paid((words) =>
    JSON.stringify(without(words, 'notify_id', 'sent_at')),
  ),
  'resent with a fresh nonce and time': sealedAs(({ nowMs }, random) => ({
    nonce: newNonce(random),
    timestamp: String(nowMs),
  })),
  'with the same nonce as others': sealedAs(() => ({ nonce: 'the-same-nonce-0001' })),
  'with the shortest nonce': sealedAs(() => ({ nonce: '-_-_-_-_' })),
  'with the longest nonce': sealedAs(() => ({ nonce: 'Z9'.repeat(32) })),
  'from a clock that is 4 min slow': sealedAs(({ nowMs }) => ({
    timestamp: String(nowMs - 240_000),
  })),
  'from a clock that is 4 min fast': sealedAs(({ nowMs }) => ({
    timestamp: String(nowMs + 240_000),
  })),
  'with header names in capitals': (drawn, random) => {
    const { headers, body, expected } = paid(plain)(drawn, random);
    return {
      headers: headers.map(([name, value]) => [name.toUpperCase(), value] as const),
      body,
      expected,
    };
  },
  'with headers added': (drawn, random) => {
    const { headers, body, expected } = paid(plain)(drawn, random);
    return {
      headers: [...headers, ['x-request-id', '1'], ['user-agent', 'sandbox/2']],
      body,
      expected,
    };
  },
  waiting: saying('pending', (words) => ({
    ...without(words, 'trade_no', 'paid_at'),
    state: 'WAITING',
  })),
  declined: saying('failed', (words) => ({
    ...without(words, 'trade_no', 'paid_at'),
    state: 'DECLINED',
    code: 'INSUFFICIENT_BALANCE',
    message: '余额不足',
  })),
  'declined without a reason': saying('failed', (words) => ({ ...words, state: 'DECLINED' })),
  'in a state of tomorrow': saying('unknown', (words) => ({ ...words, state: 'FROZEN' })),
  'about an event of tomorrow': saying('unknown', (words) => ({ ...words, event: 'refund' })),
  'paid without a trade': saying('unknown', (words) => without(words, 'trade_no')),
  'paid with the amount as a text': saying('unknown', (words) => ({
    ...words,
    amount: String(words['amount']),
  })),
};
