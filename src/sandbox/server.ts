import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Books } from './books.ts';
import { Control } from './control.ts';
import { DueRunner } from './due-runner.ts';
import { Faults } from './faults.ts';
import { Gateway, type SandboxAccount } from './gateway.ts';
import { STATEMENT_FILE_PATH } from './gateway-words.ts';
import { type Exchange, exchangeOf, readBody, sendBody, sendStatus } from './http-exchange.ts';
import { type Journal, type JournalEntry, openJournal } from './journal.ts';
import { SampleMerchant } from './merchant.ts';
import { NotificationSender } from './notification-sender.ts';
import { PageOpening } from './page-opening.ts';
import { payerPagePath, servePayerPage } from './payer-page.ts';
import { createRandom } from './random.ts';
import { SandboxClock } from './sandbox-clock.ts';
import { serveScenarioPage } from './scenario-page.ts';
import { StatementControl } from './statement-control.ts';
import { StatementDesk } from './statement-desk.ts';

export type SandboxOptions = {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly accounts: Readonly<Record<string, SandboxAccount>>;
  /** The sample merchant's webhook secret, where it is known before the start. */
  readonly merchantSecret?: string;
  /** Shown on the front page, for people. */
  readonly platformUrl?: string;
  /** Multiplies the long times of the scenarios and of the resend ladder; 1 when absent. */
  readonly timeScale?: number;
  /** Draws faults and marks trade numbers; 1 when absent. */
  readonly seed?: number;
  /** The file in which the books survive a restart; absent: in memory only. */
  readonly journalPath?: string;
};

export type Sandbox = {
  readonly url: string;
  readonly port: number;
  /** Breaks off what is under way and frees the port; the journal is whole afterwards. */
  close(): Promise<void>;
};

type World = {
  readonly books: Books;
  readonly clock: SandboxClock;
  readonly merchant: SampleMerchant;
  readonly statements: StatementDesk;
  readonly journal: Journal | null;
};

/** Longer than any client keeps a connection, so that the server never closes one under a call. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;

/**
 * Starts the pretend outside world on this machine's loopback address.
 *
 * @throws when the port is taken, an option is out of range or the journal cannot be read.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const seed = options.seed ?? 1;
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError('seed must be a count');
  const world = openWorld(options, seed);
  const { books, clock, merchant, statements, journal } = world;
  const faults = new Faults(seed);
  const sender = new NotificationSender();
  const runner = new DueRunner({
    books,
    faults,
    clock,
    sender,
    secretOf: (account) => options.accounts[account]?.secret ?? null,
  });
  const moveClock = (offsetMs: number) => {
    clock.offsetMs = offsetMs;
    journal?.append({ kind: 'clock', offsetMs });
    runner.clockMoved();
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const payerPageUrl = (channel: string, outNo: string) => url + payerPagePath(channel, outNo);
  const { accounts } = options;
  const gateway = new Gateway({ accounts, books, faults, clock, statements, payerPageUrl });
  const opening = new PageOpening(accounts, books);
  const control = new Control({
    books,
    faults,
    clock,
    runner,
    merchant,
    moveClock,
    statements: new StatementControl({ accounts, statements, clock }),
  });
  const platformUrl = options.platformUrl ?? null;
  server.on(
    'request',
    listener({ gateway, control, opening, world, platformUrl, wake: () => runner.wake() }),
  );
  runner.wake();
  return {
    url,
    port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      sender.close();
      await runner.stop();
      await closed;
      journal?.close();
    },
  };
}

function openWorld(options: SandboxOptions, seed: number): World {
  const clock = new SandboxClock();
  let journal: Journal | null = null;
  const record = (entry: JournalEntry) => journal?.append(entry);
  const timeScale = options.timeScale ?? 1;
  const books = new Books({ seed, random: createRandom(seed), timeScale, record });
  const merchant = new SampleMerchant(options.merchantSecret ?? null, (told) =>
    record({ kind: 'told', told }),
  );
  const statements = new StatementDesk({ books, newToken: unguessableText, record });
  if (options.journalPath !== undefined) {
    const restore = (entry: JournalEntry) => {
      if (entry.kind === 'told') merchant.restore(entry.told);
      else if (entry.kind === 'clock') clock.offsetMs = entry.offsetMs;
      else if (entry.kind === 'statement') statements.restore(entry);
      else books.restore(entry);
    };
    journal = openJournal(options.journalPath, restore, function* () {
      yield { kind: 'clock', offsetMs: clock.offsetMs };
      yield* books.entries();
      yield* statements.entries();
      for (const told of merchant.told()) yield { kind: 'told', told };
    });
    books.resume();
  }
  return { books, clock, merchant, statements, journal };
}

function unguessableText(): string {
  return randomBytes(24).toString('base64url');
}

type Routes = {
  readonly gateway: Gateway;
  readonly control: Control;
  readonly opening: PageOpening;
  readonly world: World;
  readonly platformUrl: string | null;
  readonly wake: () => void;
};

function listener(routes: Routes) {
  return (request: IncomingMessage, response: ServerResponse) => {
    const exchange = exchangeOf(request, response);
    serve(routes, exchange).then(routes.wake, (error: unknown) => {
      // A client that went away needs no answer; anything else is a mistake of ours and must be seen.
      if (request.destroyed && !request.complete) return;
      console.error(error);
      if (!response.headersSent) sendBody(exchange, 500, 'text/plain', 'sandbox error');
    });
  };
}

async function serve(routes: Routes, exchange: Exchange): Promise<void> {
  const { path, method } = exchange;
  const { books, clock, merchant, statements } = routes.world;
  if (path.startsWith('/gateway/')) return await routes.gateway.serve(exchange);
  if (path.startsWith('/control/') || path === '/books')
    return await routes.control.serve(exchange);
  if (path.startsWith('/merchant/') && method === 'POST') {
    const body = await readBody(exchange.request);
    const status = body === null ? 413 : receiveNotice(exchange, body, merchant, clock.nowMs());
    return sendStatus(exchange, status);
  }
  if (path.startsWith(STATEMENT_FILE_PATH) && method === 'GET') {
    const file = statements.download(path.slice(STATEMENT_FILE_PATH.length), clock.nowMs());
    if (file === null) return sendBody(exchange, 404, 'text/plain', 'no such file, or no longer');
    const disposition = `attachment; filename="${file.name}"`;
    const headers = { 'content-disposition': disposition, 'cache-control': 'no-store' };
    return sendBody(exchange, 200, 'text/csv; charset=utf-8', file.body, headers);
  }
  const isPage = method === 'GET' || method === 'POST';
  if (path.startsWith('/pay/') && isPage) return servePayerPage(exchange, books, clock.nowMs());
  if (path.startsWith('/page/') && method === 'GET') {
    return routes.opening.serve(exchange, clock.nowMs());
  }
  if (path === '/' && method === 'GET') return serveScenarioPage(exchange, routes.platformUrl);
  return sendBody(exchange, 404, 'text/plain', 'not found');
}

function receiveNotice(
  { path, request: { headers } }: Exchange,
  body: Buffer,
  merchant: SampleMerchant,
  nowMs: number,
): number {
  switch (path) {
    case '/merchant/notices':
      return merchant.receive(headers, body, nowMs, Date.now());
    case '/merchant/moved':
      return merchant.receiveAtFormerAddress(headers, body, nowMs, Date.now());
    default:
      return 404;
  }
}
