/** Calling the API of a running platform from a command: where it is, whose key, and what a refusal says. */
import { join, resolve } from 'node:path';
import { PROBLEMS } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem.ts';
import type { ExitCode, Flag, Invocation } from './command.ts';
import { UsageError } from './command.ts';
import { readDevFile } from './dev-file.ts';
import { messageOf } from './failure.ts';
import { print, say } from './terminal.ts';
import type { Lang } from './words.ts';

/** Whose key a call carries. `either`: the operator's if there is one, for calls that both may make. */
export type Caller = 'merchant' | 'operator' | 'either';

/** The flags of every command that calls the API. */
export const API_FLAGS: Readonly<Record<'api' | 'key', Flag>> = {
  api: {
    type: 'string',
    value: 'URL',
    help: {
      en: 'Address of the API (default: the one of tieout dev)',
      zh: 'API 地址（默认：tieout dev 的地址）',
    },
  },
  key: {
    type: 'string',
    value: 'KEY',
    help: {
      en: 'Key (default: TIEOUT_KEY, for operators TIEOUT_OPERATOR_KEY, or the one of tieout dev)',
      zh: '密钥（默认：TIEOUT_KEY，操作员为 TIEOUT_OPERATOR_KEY，或 tieout dev 的密钥）',
    },
  },
};

export type Json = Readonly<Record<string, unknown>>;
export type ApiAnswer = {
  readonly status: number;
  readonly text: string;
  readonly body: Json | null;
};

/** Prints what the API answered, or says why it refused; the exit code tells the two apart. */
export function show(
  answer: ApiAnswer,
  { json, lang }: Invocation,
  render: (body: Json) => string,
): ExitCode {
  const { status, text, body } = answer;
  if (status < 300 && body !== null) {
    print(json ? text : render(body));
    return 0;
  }
  say(json ? text : problemText(answer, lang));
  return status === 404 ? 3 : 1;
}

/** Calls the API. Throws a `UsageError` when nobody answers there. */
export async function call(
  invocation: Invocation,
  method: 'GET' | 'POST',
  path: string,
  body: Json = {},
  caller: Caller = 'merchant',
): Promise<ApiAnswer> {
  const sent =
    method === 'POST' ? { type: 'application/json', content: JSON.stringify(body) } : null;
  return await send(invocation, method, path, sent, caller);
}

/** Sends a file as it is. Throws as `call` does. */
export async function upload(
  invocation: Invocation,
  path: string,
  file: Blob,
  caller: Caller,
): Promise<ApiAnswer> {
  const sent = { type: 'application/octet-stream', content: file };
  return await send(invocation, 'POST', path, sent, caller);
}

async function send(
  invocation: Invocation,
  method: 'GET' | 'POST',
  path: string,
  sent: { readonly type: string; readonly content: string | Blob } | null,
  caller: Caller,
): Promise<ApiAnswer> {
  const { api, key } = reachable(invocation, caller);
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(sent !== null && { 'content-type': sent.type }),
    },
    ...(sent !== null && { body: sent.content }),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new UsageError(
      {
        en: `No platform answers at ${api}: start one with tieout dev, or give its address with --api. (${messageOf(cause)})`,
        zh: `${api} 没有平台应答：请用 tieout dev 启动，或用 --api 给出地址。（${messageOf(cause)}）`,
      },
      1,
    );
  });
  const text = await answer.text();
  return { status: answer.status, text, body: readObject(text) };
}

function reachable({ flags }: Invocation, caller: Caller): { api: string; key: string } {
  const dev = readDevFile(join(resolve(process.env.TIEOUT_DATA_DIR ?? '.tieout'), 'dev.json'));
  const api = flags.api ?? dev?.api;
  const merchants = process.env.TIEOUT_KEY ?? dev?.secret_key;
  const operators = process.env.TIEOUT_OPERATOR_KEY ?? dev?.operator_key;
  const known = { merchant: merchants, operator: operators, either: operators ?? merchants };
  const key = flags.key ?? known[caller];
  if (typeof api !== 'string' || typeof key !== 'string') {
    throw new UsageError({
      en: 'No platform is known here: start one with tieout dev in this folder, or give --api and --key.',
      zh: '此处没有已知的平台：请在本目录用 tieout dev 启动，或给出 --api 和 --key。',
    });
  }
  if (!/^https?:\/\/[^\s/?#]+\/?$/.test(api) || !URL.canParse(api)) {
    throw new UsageError({
      en: `--api must be an address such as http://127.0.0.1:4040, not ${JSON.stringify(api)}.`,
      zh: `--api 应为 http://127.0.0.1:4040 这样的地址，不能是 ${JSON.stringify(api)}。`,
    });
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new UsageError({
      en: 'The key must be one word of ASCII characters, such as sk_test_…: look at --key or TIEOUT_KEY.',
      zh: '密钥应为一串 ASCII 字符，如 sk_test_…：请检查 --key 或 TIEOUT_KEY。',
    });
  }
  return { api: api.replace(/\/$/, ''), key };
}

function readObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** A field that should be a text; empty when it is none. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

/** What the API refused, in a sentence: its code leads to docs/errors.md. */
function problemText({ status, body }: ApiAnswer, lang: Lang): string {
  const code = textOf(body?.['code']);
  if (!isProblemCode(code)) {
    return {
      en: `The answer (HTTP ${status}) is not one of Tieout's: look at --api.`,
      zh: `应答（HTTP ${status}）不是来自 Tieout：请检查 --api。`,
    }[lang];
  }
  const detail = textOf(body?.['detail']);
  return lang === 'zh'
    ? `${PROBLEMS[code].zh}（${code}，HTTP ${status}）`
    : `${detail || PROBLEMS[code].title} (${code}, HTTP ${status})`;
}
