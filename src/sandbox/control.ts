import type { PayerAnswer } from './book-answer.ts';
import { booksPage } from './books-page.ts';
import type { Books } from './books.ts';
import { SANDBOX_CHANNELS } from './channel-catalogue.ts';
import type { DueRunner } from './due-runner.ts';
import { FaultRuleError, type Faults } from './faults.ts';
import { refundWords } from './gateway-words.ts';
import { type Exchange, parseObject, readBody, sendJson } from './http-exchange.ts';
import type { SampleMerchant } from './merchant.ts';
import type { SandboxClock } from './sandbox-clock.ts';
import type { StatementControl } from './statement-control.ts';

export type ControlOptions = {
  readonly books: Books;
  readonly faults: Faults;
  readonly clock: SandboxClock;
  readonly runner: DueRunner;
  readonly merchant: SampleMerchant;
  readonly statements: StatementControl;
  /** Moves the clock to that offset and remembers it. */
  readonly moveClock: (offsetMs: number) => void;
};

type Fields = Readonly<Record<string, unknown>>;

/** The switches of the pretend world, for tests, demos and the platform's own test routes. */
export class Control {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Serves `/books` and everything below `/control/`. Unsigned, therefore for this machine only. */
  async serve(exchange: Exchange): Promise<void> {
    if (!isLocal(exchange)) return sendJson(exchange, 403, { code: 'LOOPBACK_ONLY' });
    const body = await readBody(exchange.request);
    const fields = body === null ? null : parseObject(body);
    if (fields === null) return sendJson(exchange, 400, badRequest('the body is no JSON object'));
    switch (`${exchange.method} ${exchange.path}`) {
      case 'GET /books':
        return sendJson(
          exchange,
          200,
          booksPage(this.#options.books, this.#options.merchant.told()),
        );
      case 'POST /control/pay':
      case 'POST /control/decline':
        return this.#payer(exchange, fields);
      case 'POST /control/console_refund':
        return this.#refundAtConsole(exchange, fields);
      case 'POST /control/reverse':
        return this.#reverse(exchange, fields);
      case 'GET /control/faults':
        return sendJson(exchange, 200, { data: this.#options.faults.list() });
      case 'POST /control/faults':
        return this.#addFault(exchange, fields);
      case 'DELETE /control/faults': {
        const deleted = this.#options.faults.remove(exchange.query.get('id'));
        return sendJson(exchange, 200, { deleted });
      }
      case 'GET /control/clock':
        return sendJson(exchange, 200, this.#clockWords());
      case 'POST /control/clock':
        return this.#setClock(exchange, fields);
      case 'GET /control/next_due':
        return sendJson(exchange, 200, { next_due_at_ms: this.#options.books.nextDueAtMs() });
      case 'POST /control/run_due':
        return sendJson(exchange, 200, { ran: await this.#options.runner.runDue() });
      case 'POST /control/statements/generate':
        return this.#options.statements.generate(exchange, fields);
      case 'GET /control/statements/faults':
        return this.#options.statements.listFaults(exchange);
      case 'POST /control/merchant':
        return this.#tellMerchant(exchange, fields);
      case 'POST /control/merchant_faults':
        return this.#spoilMerchant(exchange, fields);
      default:
        return sendJson(exchange, 404, { code: 'NO_SUCH_CONTROL' });
    }
  }

  #payer(exchange: Exchange, fields: Fields): void {
    const { books, clock } = this.#options;
    const { another_payer: another = false, although_over: over = false } = fields;
    const target = this.#targetOf(fields);
    if (target === null || typeof another !== 'boolean' || typeof over !== 'boolean') {
      const message = 'out_no and channel must be texts, another_payer and although_over booleans';
      return sendJson(exchange, 400, badRequest(message));
    }
    const { channel, outNo } = target;
    const manner = { anotherPayer: another, althoughOver: over };
    const answer: PayerAnswer =
      exchange.path === '/control/pay'
        ? books.payerPays(channel, outNo, clock.nowMs(), manner)
        : books.payerDeclines(channel, outNo, clock.nowMs());
    this.#send(exchange, answer, answer);
  }

  #refundAtConsole(exchange: Exchange, fields: Fields): void {
    const { books, clock } = this.#options;
    const { amount = null } = fields;
    const target = this.#targetOf(fields);
    const isAmount = amount === null || isWithin(amount, 1, Number.MAX_SAFE_INTEGER);
    if (target === null || !isAmount) {
      const message = 'out_no and channel must be texts, amount a whole number of minor units';
      return sendJson(exchange, 400, badRequest(message));
    }
    const { channel, outNo } = target;
    const answer = books.consoleRefund(channel, outNo, amount, clock.nowMs());
    this.#send(exchange, answer, 'refused' in answer ? {} : refundWords(answer));
  }

  #reverse(exchange: Exchange, fields: Fields): void {
    const { books, clock } = this.#options;
    const { trade_no: tradeNo = null } = fields;
    const target = this.#targetOf(fields);
    if (target === null || (tradeNo !== null && typeof tradeNo !== 'string')) {
      return sendJson(exchange, 400, badRequest('out_no, channel and trade_no must be texts'));
    }
    const answer = books.reverse(target.channel, target.outNo, tradeNo, clock.nowMs());
    this.#send(exchange, answer, 'refused' in answer ? {} : { trade_no: answer.tradeNo });
  }

  /** The order that a request names; without a channel it is looked for at each. Null: none is named. */
  #targetOf({ channel, out_no: outNo }: Fields): { channel: string; outNo: string } | null {
    const { books, clock } = this.#options;
    if (typeof outNo !== 'string') return null;
    if (channel !== undefined) return typeof channel === 'string' ? { channel, outNo } : null;
    const [first = '', ...others] = Object.keys(SANDBOX_CHANNELS);
    const nowMs = clock.nowMs();
    const home = others.find((name) => books.find(name, outNo, nowMs) !== null);
    return { channel: home ?? first, outNo };
  }

  #send(exchange: Exchange, answer: object, words: unknown): void {
    this.#options.runner.wake();
    if ('refused' in answer) sendJson(exchange, 409, { code: answer.refused });
    else sendJson(exchange, 200, words);
  }

  #addFault(exchange: Exchange, fields: Fields): void {
    try {
      sendJson(exchange, 201, this.#options.faults.add(fields));
    } catch (error) {
      if (!(error instanceof FaultRuleError)) throw error;
      sendJson(exchange, 400, { ...badRequest(error.message), field: error.field });
    }
  }

  #setClock(exchange: Exchange, fields: Fields): void {
    const offsetMs = fields['offset_ms'];
    if (typeof offsetMs !== 'number' || !Number.isSafeInteger(offsetMs)) {
      return sendJson(exchange, 400, badRequest('offset_ms must be a whole number'));
    }
    this.#options.moveClock(offsetMs);
    return sendJson(exchange, 200, this.#clockWords());
  }

  #clockWords(): unknown {
    const { clock } = this.#options;
    return { now: new Date(clock.nowMs()).toISOString(), offset_ms: clock.offsetMs };
  }

  #tellMerchant(exchange: Exchange, fields: Fields): void {
    const { secret, notice_secret = secret } = fields;
    if (!isWebhookSecret(secret) || !isWebhookSecret(notice_secret)) {
      return sendJson(exchange, 400, badRequest('secrets must be whsec_ and base64'));
    }
    this.#options.merchant.learnSecrets([secret, notice_secret]);
    return sendJson(exchange, 200, {});
  }

  #spoilMerchant(exchange: Exchange, fields: Fields): void {
    const { status, times } = fields;
    if (!isWithin(status, 200, 599) || !isWithin(times, 0, Number.MAX_SAFE_INTEGER)) {
      return sendJson(exchange, 400, badRequest('status must be 200–599 and times a count'));
    }
    this.#options.merchant.misbehave(status, times);
    return sendJson(exchange, 200, { status, times });
  }
}

function isWebhookSecret(value: unknown): value is string {
  return typeof value === 'string' && /^whsec_[0-9A-Za-z+/=]+$/.test(value);
}

/**
 * Loopback addresses only, and not from a web page of somebody else: a page in the developer's
 * browser can reach this port too, under another host name or with its own origin.
 */
function isLocal(exchange: Exchange): boolean {
  const { headers, socket } = exchange.request;
  const address = socket.remoteAddress ?? '';
  const isLoopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  const host = headers.host ?? '';
  const isNamedLocally = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
  const { origin } = headers;
  return isLoopback && isNamedLocally && (origin === undefined || origin === `http://${host}`);
}

function badRequest(message: string) {
  return { code: 'PARAM_ERROR', message };
}

function isWithin(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
}
