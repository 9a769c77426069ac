import type { Books } from './books.ts';
import { type CallEffect, isCarriedOut, type Operation, OPERATIONS } from './call-effect.ts';
import { findChannel, type SandboxChannel } from './channel-catalogue.ts';
import type { Faults } from './faults.ts';
import {
  closeReply,
  errorReply,
  type GatewayReply,
  payReply,
  queryReply,
  refundQueryReply,
  refundReply,
  statementReply,
} from './gateway-words.ts';
import { type Exchange, isRecord, parseObject, readBody, sendBody } from './http-exchange.ts';
import { parsePayRequest } from './pay-request.ts';
import { parseRefundQuery, parseRefundRequest } from './refund-request.ts';
import { dayField, outNoField, ParamError } from './request-fields.ts';
import type { SandboxClock } from './sandbox-clock.ts';
import type { StatementDesk } from './statement-desk.ts';
import {
  isSignatureOf,
  NonceMemory,
  type SignatureParts,
  signaturePartsOf,
  signedHeaders,
} from './wire.ts';

/** A party that a channel knows: its signing secret, and the channels it may use. */
export type SandboxAccount = { readonly secret: string; readonly channels: readonly string[] };

export type GatewayOptions = {
  readonly accounts: Readonly<Record<string, SandboxAccount>>;
  readonly books: Books;
  readonly faults: Faults;
  readonly clock: SandboxClock;
  readonly statements: StatementDesk;
  /** Where the payer of that order finds their page. */
  readonly payerPageUrl: (channel: string, outNo: string) => string;
};

type Target = {
  readonly channel: string;
  readonly rules: SandboxChannel;
  readonly operation: Operation;
};
type Caller = { readonly account: string; readonly secret: string; readonly nonce: string };
type Request = Readonly<Record<string, unknown>>;
type Call = { readonly effect: CallEffect | null; readonly reply: GatewayReply | null };

/** How late a slow answer is: longer than a healthy channel, shorter than anybody's patience. */
const SLOW_ANSWER_MS = 1_500;

/** The channels' side of the signed calls: pay, query, close, refund, refund_query and statement. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #nonces = new Map<string, NonceMemory>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    for (const account of Object.keys(options.accounts)) {
      this.#nonces.set(account, new NonceMemory());
    }
  }

  /** Serves one call below `/gateway/`. It may end without an answer: a fault can ask for that. */
  async serve(exchange: Exchange): Promise<void> {
    const target = targetOf(exchange.path);
    if (target === null || exchange.method !== 'POST') {
      return sendUnsigned(exchange, errorReply(404, 'PARAM_ERROR', 'no such channel or operation'));
    }
    const body = await readBody(exchange.request);
    if (body === null) {
      return sendUnsigned(exchange, errorReply(413, 'PARAM_ERROR', 'the body exceeds 64 kB'));
    }
    const parts = signaturePartsOf(exchange.request.headers);
    const account = parts === null ? undefined : this.#findAccount(parts.account);
    if (parts === null || account === undefined) {
      return sendUnsigned(exchange, errorReply(401, 'SIGN_ERROR', 'unsigned or unknown account'));
    }
    const caller = { account: parts.account, secret: account.secret, nonce: parts.nonce };
    if (!this.#isAuthentic(exchange, parts, account.secret, body)) {
      return this.#send(exchange, caller, errorReply(401, 'SIGN_ERROR', 'signature refused'), null);
    }
    const { effect, reply } = this.#perform(target, caller.account, account, body);
    this.#answer(exchange, caller, effect, reply);
  }

  #findAccount(name: string): SandboxAccount | undefined {
    const { accounts } = this.#options;
    return Object.hasOwn(accounts, name) ? accounts[name] : undefined;
  }

  #isAuthentic(exchange: Exchange, parts: SignatureParts, secret: string, body: Buffer): boolean {
    if (!isSignatureOf(secret, parts, `POST ${exchange.path}`, body)) return false;
    return this.#nonces.get(parts.account)?.admit(parts, this.#options.clock.nowMs()) === true;
  }

  /** Carries the call out, unless a fault keeps it from being. */
  #perform(target: Target, accountName: string, account: SandboxAccount, body: Buffer): Call {
    const request = parseObject(body);
    try {
      if (!isRecord(request)) throw new ParamError('the body is no JSON object');
      if (!account.channels.includes(target.channel)) {
        throw new ParamError(`the account does not use ${target.channel}`);
      }
      return this.#carryOut(target, accountName, request);
    } catch (error) {
      if (!(error instanceof ParamError)) throw error;
      return { effect: null, reply: errorReply(400, 'PARAM_ERROR', error.message) };
    }
  }

  #carryOut({ channel, rules, operation }: Target, account: string, request: Request): Call {
    const { books, clock, payerPageUrl } = this.#options;
    const nowMs = clock.nowMs();
    const run = (interference: () => CallEffect | null, act: () => GatewayReply) =>
      this.#run(channel, operation, interference, act);
    switch (operation) {
      case 'pay': {
        const submission = parsePayRequest(request, channel, account, rules.products);
        const { outNo } = submission;
        const pageUrl = payerPageUrl(channel, outNo);
        return run(
          () => books.interferenceOnPay(submission, nowMs),
          () => payReply(books.pay(submission, nowMs), outNo, pageUrl),
        );
      }
      case 'refund': {
        const submission = parseRefundRequest(request, channel, account);
        return run(
          () => books.interferenceOnRefund(submission, nowMs),
          () => refundReply(books.refund(submission, nowMs), submission),
        );
      }
      case 'refund_query': {
        const asked = parseRefundQuery(request, channel, account);
        return run(
          () => books.interferenceOnFollowUp(operation, channel, asked.outNo, nowMs),
          () => refundQueryReply(books.queryRefund(asked, nowMs), asked),
        );
      }
      case 'statement': {
        const day = dayField(request, 'day');
        return run(
          () => null,
          () => statementReply(this.#options.statements.ask({ channel, account, day }, nowMs), day),
        );
      }
      case 'query':
      case 'close': {
        const outNo = outNoField(request);
        return run(
          () => books.interferenceOnFollowUp(operation, channel, outNo, nowMs),
          () =>
            operation === 'query'
              ? queryReply(books.query(channel, account, outNo, nowMs), outNo)
              : closeReply(books.close(channel, account, outNo, nowMs), outNo),
        );
      }
    }
  }

  /** Lets a fault rule or a scenario have its way with the call before it is carried out. */
  #run(
    channel: string,
    operation: Operation,
    interference: () => CallEffect | null,
    act: () => GatewayReply,
  ): Call {
    const effect = this.#options.faults.drawForCall(channel, operation) ?? interference();
    return { effect, reply: isCarriedOut(effect) ? act() : null };
  }

  #answer(
    exchange: Exchange,
    caller: Caller,
    effect: CallEffect | null,
    reply: GatewayReply | null,
  ): void {
    switch (effect) {
      case 'timeout_before':
      case 'timeout_after':
        return;
      case 'reset_before':
      case 'reset_after':
        exchange.request.socket.resetAndDestroy();
        return;
      case 'http_500':
        return this.#send(exchange, caller, errorReply(500, 'SYSTEM_ERROR', 'try again'), effect);
      case 'http_429':
        return this.#send(exchange, caller, errorReply(429, 'BUSY', 'too many requests'), effect);
      case 'slow':
        setTimeout(() => this.#sendAny(exchange, caller, reply, effect), SLOW_ANSWER_MS).unref();
        return;
      default:
        this.#sendAny(exchange, caller, reply, effect);
    }
  }

  #sendAny(
    exchange: Exchange,
    caller: Caller,
    reply: GatewayReply | null,
    effect: CallEffect | null,
  ): void {
    if (reply === null) throw new Error('a call that was carried out has no reply');
    const body = effect === 'garbage' ? reply.body.slice(0, -2) : reply.body;
    this.#send(
      exchange,
      caller,
      { status: effect === 'garbage' ? 200 : reply.status, body },
      effect,
    );
  }

  #send(exchange: Exchange, caller: Caller, reply: GatewayReply, effect: CallEffect | null): void {
    const secret = effect === 'bad_signature' ? `not ${caller.secret}` : caller.secret;
    const headers = signedHeaders(
      { account: caller.account, secret },
      { scope: `REPLY ${exchange.path}`, nonce: caller.nonce, body: reply.body },
      this.#options.clock.nowMs(),
    );
    sendBody(exchange, reply.status, 'application/json', reply.body, headers);
  }
}

function targetOf(path: string): Target | null {
  const [, prefix, channel = '', name, ...rest] = path.split('/');
  const operation = OPERATIONS.find((known) => known === name);
  const rules = findChannel(channel);
  if (prefix !== 'gateway' || rules === null || rest.length > 0) return null;
  if (operation === undefined) return null;
  return { channel, rules, operation };
}

/** For callers with whom the channel shares no secret: there is nothing to sign with. */
function sendUnsigned(exchange: Exchange, reply: GatewayReply): void {
  sendBody(exchange, reply.status, 'application/json', reply.body);
}
