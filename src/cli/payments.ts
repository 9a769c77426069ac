/** `tieout payments`: the merchant API from the terminal. */
import { join, resolve } from 'node:path';
import type { Command, ExitCode, Invocation } from './command.ts';
import { UsageError } from './command.ts';
import { readDevFile } from './dev.ts';
import { print, say } from './terminal.ts';

export const payments: Command = {
  name: 'payments',
  takes: 'get|list|close|sync [pay_…]',
  summary: 'Read, close or ask about payments over the API of a running platform',
  flags: {
    api: {
      type: 'string',
      value: 'URL',
      help: 'Address of the API (default: the one of `tieout dev`)',
    },
    key: {
      type: 'string',
      value: 'KEY',
      help: 'Secret key (default: TIEOUT_KEY, or the one of `tieout dev`)',
    },
    q: { type: 'string', value: 'NUMBER', help: 'list: any of the three order numbers' },
    limit: { type: 'string', value: 'N', help: 'list: how many (default 20)' },
  },
  run: async (invocation) => {
    const [verb, id] = invocation.positionals;
    if (verb === 'list') return await list(invocation);
    if (verb !== 'get' && verb !== 'close' && verb !== 'sync') {
      throw new UsageError('Say what to do: tieout payments get|list|close|sync.');
    }
    if (id === undefined) throw new UsageError(`Name the payment: tieout payments ${verb} pay_….`);
    const path = `/v1/payments/${encodeURIComponent(id)}`;
    return await call(
      invocation,
      verb === 'get' ? 'GET' : 'POST',
      verb === 'get' ? path : `${path}/${verb}`,
    );
  },
};

async function list(invocation: Invocation): Promise<ExitCode> {
  const query = new URLSearchParams();
  for (const name of ['q', 'limit'] as const) {
    const value = invocation.flags[name];
    if (typeof value === 'string') query.set(name, value);
  }
  return await call(invocation, 'GET', `/v1/payments?${query.toString()}`);
}

async function call(
  invocation: Invocation,
  method: 'GET' | 'POST',
  path: string,
): Promise<ExitCode> {
  const dev = readDevFile(join(resolve(process.env.TIEOUT_DATA_DIR ?? '.tieout'), 'dev.json'));
  const api = invocation.flags.api ?? dev?.api;
  const key = invocation.flags.key ?? process.env.TIEOUT_KEY ?? dev?.secret_key;
  if (typeof api !== 'string' || typeof key !== 'string') {
    throw new UsageError('No platform is known here: start `tieout dev`, or give --api and --key.');
  }
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(method === 'POST' && { 'content-type': 'application/json' }),
    },
    ...(method === 'POST' && { body: '{}' }),
  }).catch((error: unknown) => {
    throw new UsageError(
      `${api} does not answer: ${error instanceof Error ? error.message : String(error)}.`,
      1,
    );
  });
  const text = await answer.text();
  if (answer.ok) {
    print(invocation.json ? text : JSON.stringify(JSON.parse(text), null, 2));
    return 0;
  }
  say(text);
  return answer.status === 404 ? 3 : 1;
}
