/** Fetching the sandbox's statements: a signed answer tells the digest and the address of the file. */
import { createHash } from 'node:crypto';
import { CHINA_DAY } from '../../core/reconciliation/business-day.ts';
import { CallError } from '../call-error.ts';
import type { StatementFetch, StatementRules } from '../connector.ts';
import { evidenceText } from '../evidence-text.ts';
import { openFileSpool } from '../file-spool.ts';
import type { ChannelHttp } from '../http.ts';
import type { Caller, CallerOptions } from './signed-call.ts';
import { ERROR_MEANINGS, saidIn, unknown, unknownOf } from './word-reading.ts';
import type { Unknown, Words } from './word-reading.ts';

/** Beijing's days, and a statement at nine in the morning after each. */
export const STATEMENT_RULES: Omit<StatementRules, 'feeBasisPoints'> = {
  clock: CHINA_DAY,
  readyAtMinutes: 9 * 60,
  formats: ['sandbox'],
};

const MEANINGS: ReadonlyMap<string, 'ready' | 'not_ready' | 'no_trades' | 'unknown'> = new Map([
  ...ERROR_MEANINGS,
  ['200 OK READY', 'ready'],
  ['200 OK CREATING', 'not_ready'],
  ['200 OK NO_TRADES', 'no_trades'],
  // A question that the channel did not take says nothing about the day.
  ['400 ERROR PARAM_ERROR', 'unknown'],
]);

/** A file that is ready. */
type Ready = { readonly type: 'ready'; readonly sha256: string; readonly url: string };

type StatementWord = Ready | { readonly type: 'not_ready' | 'no_trades' } | Unknown;

export type StatementFetchOptions = Omit<CallerOptions, 'nonce'> & {
  readonly account: string;
  /** The largest file that is taken. */
  readonly statementBytesMax: number;
};

/** The operation of a connector that makes these calls. */
export function newStatementFetch(
  options: StatementFetchOptions,
  call: Caller,
): (day: string, deadlineAtMs: number) => Promise<StatementFetch> {
  const { channel, account, baseUrl, http, nowMs, statementBytesMax } = options;
  return async (day, deadlineAtMs) => {
    const { outcome, raw } = await call('statement', { day }, deadlineAtMs, (status, words) =>
      statementWord(status, words, baseUrl),
    );
    if (outcome.type === 'unknown') return unknownFetch(`${outcome.reason} ${raw}`);
    if (outcome.type !== 'ready') return { type: outcome.type, raw };
    const name = `${channel}-${account}-${day}.csv`;
    return await download(http, outcome, name, statementBytesMax, deadlineAtMs - nowMs());
  };
}

/** What an authentic reply says about a day's statement. */
function statementWord(status: number, words: Words, baseUrl: string): StatementWord {
  const { said, channelCode } = saidIn(status, words, 'state');
  const meaning = MEANINGS.get(said);
  if (meaning === undefined || meaning === 'unknown') {
    return unknownOf(said, meaning !== undefined, channelCode);
  }
  const { sha256, url } = words;
  if (meaning !== 'ready') {
    return sha256 === undefined && url === undefined
      ? { type: meaning }
      : unknown(`The channel says ${said} and names a file all the same.`, channelCode);
  }
  const address = typeof url === 'string' ? addressOf(url, baseUrl) : null;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256) || address === null) {
    return unknown('The channel names no file that can be fetched and checked.', channelCode);
  }
  return { type: 'ready', sha256, url: address };
}

/** The address of a file at the channel itself; null for any other. */
function addressOf(url: string, baseUrl: string): string | null {
  const address = /^\/[\x21-\x7e]{1,512}$/.test(url) ? URL.parse(url, baseUrl) : null;
  return address !== null && address.origin === new URL(baseUrl).origin ? address.href : null;
}

/** Brings the file, and hands it on only when it is the one whose digest was told. */
async function download(
  http: ChannelHttp,
  { url, sha256 }: Ready,
  name: string,
  bytesMax: number,
  remainingMs: number,
): Promise<StatementFetch> {
  const spool = await openFileSpool();
  const hash = createHash('sha256');
  let isWhole = false;
  try {
    const take = async (piece: Uint8Array): Promise<void> => {
      hash.update(piece);
      await spool.write(piece);
    };
    const { status, body } = await http.download(url, { bytesMax, take }, remainingMs);
    if (status !== 200) {
      return unknownFetch(`The file is answered with HTTP ${status}. ${body.toString('utf8')}`);
    }
    isWhole = hash.digest('hex') === sha256;
    if (!isWhole) return unknownFetch('The file is not the one whose digest the channel told.');
    return { type: 'file', name, bytes: spool.read(), sha256 };
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return unknownFetch(error.message);
  } finally {
    if (!isWhole) await spool.discard();
  }
}

function unknownFetch(words: string): StatementFetch {
  return { type: 'unknown', raw: evidenceText(words) };
}
