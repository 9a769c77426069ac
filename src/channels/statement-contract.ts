/** The part of the contract of connectors that is about statements. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { StatementFetch } from './connector.ts';
import { BROKEN_BODIES } from './dialect.ts';
import type { Dialect, StatementDialect, StatementSaying } from './dialect.ts';
import { replies } from './scripted-channel.ts';
import type { Script, ScriptedChannel, WireRequest } from './scripted-channel.ts';

const DAY = '2026-11-18';
const OTHER_DAY = '2026-11-17';
const PATH = '/files/0123456789abcdef';
const DEADLINE_MS = 300;

/** Larger than any piece in which it is read. */
const FILE = Buffer.from('payment,01KAS9V3CYFQ6T8ZJ5M2N4P7R901,,1.00,付款\n'.repeat(3_000));
const SHA256 = createHash('sha256').update(FILE).digest('hex');

/** Registers the tests of what a dialect says about statements. */
export function statementTests(
  dialect: Dialect,
  statement: StatementDialect,
  channel: ScriptedChannel,
): void {
  describe('a statement', () => {
    sayingTests(dialect, statement, channel);
    disbeliefTests(dialect, statement, channel);
    fileTests(dialect, statement, channel);
    silenceTests(dialect, statement, channel);
  });
}

/** A channel that answers a question with `ask`, and whoever fetches the file with `file`. */
function asked(ask: Script, file: Script = whole): Script {
  return (request, response) => (request.path === PATH ? file : ask)(request, response);
}

const whole: Script = (_request, response) => {
  response.writeHead(200, { 'content-length': FILE.length }).end(FILE);
};

async function bytesOf(fetch: StatementFetch): Promise<Buffer> {
  if (fetch.type !== 'file') throw new Error(`there is no file but ${JSON.stringify(fetch)}`);
  const pieces: Uint8Array[] = [];
  for await (const piece of fetch.bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

function replyOf({ say }: StatementDialect, saying: StatementSaying, day = DAY, sha256 = SHA256) {
  return say(saying, day, { path: PATH, sha256 });
}

function sayingTests(
  { seal, secret }: Dialect,
  statement: StatementDialect,
  channel: ScriptedChannel,
): void {
  test.each([
    ['creating', 'not_ready'],
    ['no_trades', 'no_trades'],
    ['something_unlisted', 'unknown'],
  ] as const)('that is %s is %s, with the words as evidence', async (saying, type) => {
    const reply = replyOf(statement, saying);
    const fetch = await channel.fetchStatement(DAY, asked(replies(reply, seal)));
    expect(fetch).toEqual({ type, raw: expect.stringContaining(reply.body) });
    expect(JSON.stringify(fetch)).not.toContain(secret);
  });

  test('that is ready is brought byte by byte, with a name and the digest that was told', async () => {
    const script = asked(replies(replyOf(statement, 'ready'), seal));
    const fetch = await channel.fetchStatement(DAY, script);
    expect(fetch).toMatchObject({
      type: 'file',
      name: expect.stringContaining(DAY),
      sha256: statement.hasDigest ? SHA256 : null,
    });
    expect((await bytesOf(fetch)).equals(FILE)).toBe(true);
  });

  test('says by which clock its days are cut, and in which formats its files come', () => {
    const rules = channel.connector().statement;
    expect(rules?.formats.length).toBeGreaterThan(0);
    expect(rules?.readyAtMinutes).toBeGreaterThanOrEqual(0);
  });
}

const elsewhere = (request: WireRequest) => ({ ...request, path: `${request.path}x` });

function disbeliefTests(
  { seal, forge }: Dialect,
  statement: StatementDialect,
  channel: ScriptedChannel,
): void {
  const SAYINGS: readonly StatementSaying[] = ['ready', 'creating', 'no_trades'];
  describe.each(SAYINGS)('%s is unknown', (saying) => {
    const reply = replyOf(statement, saying);
    const doubts: readonly (readonly [string, Script])[] = [
      ['somebody else signed it', replies(reply, forge)],
      ['nobody signed it', replies(reply, () => ({}))],
      ['it answers another call', replies(reply, (asking, body) => seal(elsewhere(asking), body))],
      ['it is of another day', replies(replyOf(statement, saying, OTHER_DAY), seal)],
      [
        'its body was changed after it was signed',
        replies({ ...reply, body: `${reply.body} ` }, (request) => seal(request, reply.body)),
      ],
      ...BROKEN_BODIES.map(
        ([name, broken]) =>
          [`its body is ${name}`, replies({ ...reply, body: broken(reply.body) }, seal)] as const,
      ),
      ...[302, 400, 401, 404, 429, 500, 503].map(
        (status) => [`its status is ${status}`, replies({ ...reply, status }, seal)] as const,
      ),
    ];
    test.each(doubts)('when %s', async (_when, doubtful) => {
      expect(await channel.fetchStatement(DAY, asked(doubtful))).toEqual(UNKNOWN);
    });
  });
}

const UNKNOWN = { type: 'unknown', raw: expect.stringMatching(/^[A-Z]/) };

function fileTests({ seal }: Dialect, statement: StatementDialect, channel: ScriptedChannel): void {
  const ready = replies(replyOf(statement, 'ready'), seal);
  const cut = FILE.subarray(0, FILE.length / 2);
  const files: readonly (readonly [string, Script])[] = [
    [
      'cut off by its length',
      (_request, response) => {
        response.writeHead(200, { 'content-length': FILE.length });
        response.write(cut, () => response.destroy());
      },
    ],
    ...[201, 206, 302, 403, 404, 500].map(
      (status) =>
        [
          `answered with HTTP ${status}`,
          (_request, response) => response.writeHead(status).end(FILE),
        ] as const satisfies readonly [string, Script],
    ),
  ];
  test.each(files)('with a file %s is unknown', async (_what, file) => {
    expect(await channel.fetchStatement(DAY, asked(ready, file))).toEqual(UNKNOWN);
  });

  const unlike: readonly (readonly [string, Script])[] = [
    [
      'cut off where nobody told its length',
      (_request, response) => response.writeHead(200, { connection: 'close' }).end(cut),
    ],
    ['that is empty', (_request, response) => response.writeHead(200).end()],
    [
      'that is another one',
      (_request, response) => response.writeHead(200).end(Buffer.concat([FILE, FILE])),
    ],
  ];
  test.each(statement.hasDigest ? unlike : [])(
    'with a file %s does not match its digest and is unknown',
    async (_what, file) => {
      expect(await channel.fetchStatement(DAY, asked(ready, file))).toEqual(UNKNOWN);
    },
  );
}

const stuck: Script = (_request, response) => {
  response.writeHead(200, { 'content-length': FILE.length }).write(FILE.subarray(0, 100));
};

const endless: Script = (_request, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write(FILE.subarray(0, 10)), 10);
  response.on('close', () => clearInterval(timer));
};

function silenceTests(
  { seal }: Dialect,
  statement: StatementDialect,
  channel: ScriptedChannel,
): void {
  const ready = replies(replyOf(statement, 'ready'), seal);
  test.each([
    ['silent when asked', asked(() => undefined)],
    ['gone when asked', asked((_request, response) => response.destroy())],
    ['silent when its file is fetched', asked(ready, () => undefined)],
    ['gone when its file is fetched', asked(ready, (_request, response) => response.destroy())],
    ['stuck in the middle of the file', asked(ready, stuck)],
    ['sending its file without end', asked(ready, endless)],
  ])('is unknown by the deadline, of a channel that is %s', async (_what, script) => {
    const startedAtMs = performance.now();
    expect(await channel.fetchStatement(DAY, script, DEADLINE_MS)).toEqual(UNKNOWN);
    expect(performance.now() - startedAtMs).toBeLessThan(DEADLINE_MS + 500);
  });

  test('is unknown when no time is left, and nothing is asked', async () => {
    let askedCount = 0;
    const fetch = await channel.fetchStatement(DAY, () => void (askedCount += 1), 0);
    expect([fetch, askedCount]).toEqual([UNKNOWN, 0]);
  });
}
