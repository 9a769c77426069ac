import type { PayerAnswer } from './book-answer.ts';
import type { Books } from './books.ts';
import { SANDBOX_CHANNELS } from './channel-catalogue.ts';
import type { DueRunner } from './due-runner.ts';
import { FaultRuleError, type Faults } from './faults.ts';
import { type Exchange, parseObject, readBody, sendJson } from './http-exchange.ts';
import type { SampleMerchant } from './merchant.ts';
import type { SandboxClock } from './sandbox-clock.ts';

export type ControlOptions = {
  readonly books: Books;
  readonly faults: Faults;
  readonly clock: SandboxClock;
  readonly runner: DueRunner;
  readonly merchant: SampleMerchant;
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
        return sendJson(exchange, 200, this.#books());
      case 'POST /control/pay':
      case 'POST /control/decline':
        return this.#payer(exchange, fields);
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
      case 'POST /control/merchant':
        return this.#tellMerchant(exchange, fields);
      case 'POST /control/merchant_faults':
        return this.#spoilMerchant(exchange, fields);
      default:
        return sendJson(exchange, 404, { code: 'NO_SUCH_CONTROL' });
    }
  }

  #books(): unknown {
    const { books, merchant } = this.#options;
    return {
      charges: books.charges().map((charge) => ({
        channel: charge.channel,
        channel_order_no: charge.outNo,
        channel_transaction_no: charge.tradeNo,
        amount: charge.amountMinor,
        currency: charge.currency,
        charged_at: new Date(charge.paidAtMs).toISOString(),
      })),
      // The channels do not return money yet.
      refunds: [],
      told: merchant.told().map((told) => ({
        merchant_order_no: told.merchantOrderNo,
        event: told.event,
        amount: told.amountMinor,
        at: new Date(told.atMs).toISOString(),
      })),
    };
  }

  #payer(exchange: Exchange, fields: Fields): void {
    const { books, clock, runner } = this.#options;
    const { channel, out_no: outNo } = fields;
    if (typeof outNo !== 'string' || (channel !== undefined && typeof channel !== 'string')) {
      return sendJson(exchange, 400, badRequest('out_no and channel must be texts'));
    }
    const nowMs = clock.nowMs();
    const act = (name: string): PayerAnswer =>
      exchange.path === '/control/pay'
        ? books.payerPays(name, outNo, nowMs)
        : books.payerDeclines(name, outNo, nowMs);
    const candidates = channel === undefined ? Object.keys(SANDBOX_CHANNELS) : [channel];
    const home = candidates.find((name) => books.find(name, outNo, nowMs) !== null);
    const answer: PayerAnswer = home === undefined ? { refused: 'NOT_EXIST' } : act(home);
    runner.wake();
    if ('refused' in answer) return sendJson(exchange, 409, { code: answer.refused });
    return sendJson(exchange, 200, { state: answer.state });
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
    const secret = fields['secret'];
    if (typeof secret !== 'string' || !/^whsec_[0-9A-Za-z+/=]+$/.test(secret)) {
      return sendJson(exchange, 400, badRequest('secret must be whsec_ and base64'));
    }
    this.#options.merchant.learnSecret(secret);
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
