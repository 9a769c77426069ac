/**
 * A connector to the simulated channels, as one process has it during one life: the two legs of each
 * call with all that can befall them, and the channel's words in ours. It is written apart from the
 * real connectors, whose own contract is proven elsewhere.
 */
import type { Connector, PayDetails, RefundCall, StatementFetch } from '../channels/connector.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import type { Operation, Outcome } from '../core/outcome.ts';
import { CHINA_DAY } from '../core/reconciliation/business-day.ts';
import type { RefundOutcome } from '../core/refund-outcome.ts';
import type { RefundSubmission } from '../sandbox/book-refund.ts';
import type { PaySubmission } from '../sandbox/book-order.ts';
import { accountName } from '../store/store.ts';
import type { SimulatedAccount } from './accounts.ts';
import { isDown } from './accounts.ts';
import type { SimulatedChannels } from './channel.ts';
import {
  closeOutcome,
  payOutcome,
  queryOutcome,
  readNotification,
  refundOutcome,
  refundStateOutcome,
} from './connector-words.ts';
import type { FaultKind } from './fault-kinds.ts';
import type { Life } from './life.ts';
import type { SimulatedStatements, StatementAnswer } from './statements.ts';
import { READY_AT_MINUTES } from './statements.ts';

export const CALL_DEADLINE_MS = 3_000;
const PERMITS = 8;
const QUERIES_PER_SECOND = 50;
const LEG_MS = [1, 150] as const;
const PIECE_BYTES = 4_096;
/** A call that arrives after its caller has given up. */
const LATE_LEG_MS = [CALL_DEADLINE_MS, 8_000] as const;

/** A connector for one account of the simulated channels; without statements their day is not simulated. */
export function simulatedConnector(
  life: Life,
  channels: SimulatedChannels,
  account: SimulatedAccount,
  statements: SimulatedStatements | null,
): Connector {
  const line = new Line(life, account, statements);
  const { channel, account: name, rules } = account;
  return {
    channel,
    account: name,
    rules,
    currencies: ['CNY'],
    callDeadlineMs: CALL_DEADLINE_MS,
    queriesPerSecond: QUERIES_PER_SECOND,
    acquire: () => line.acquire(),
    pay: async (order, details, deadlineAtMs) =>
      await line.call('pay', order.channelOrderNo, deadlineAtMs, () =>
        payOutcome(channels.pay(submissionOf(order, details)), order),
      ),
    query: async (order, deadlineAtMs) =>
      await line.call('query', order.channelOrderNo, deadlineAtMs, () =>
        queryOutcome(channels.query(channel, name, order.channelOrderNo)),
      ),
    close: async (order, deadlineAtMs) =>
      await line.call('close', order.channelOrderNo, deadlineAtMs, () => {
        if (!rules.canClose) throw new Error(`${channel}/${name} has no close call`);
        return closeOutcome(
          channels.close(channel, name, order.channelOrderNo, rules.closeRefusesUnknown),
        );
      }),
    refund: async (refund, deadlineAtMs) =>
      await line.call('refund', refund.channelRefundNo, deadlineAtMs, () =>
        refundOutcome(channels.refund(refundOf(account, refund)), account),
      ),
    queryRefund: async (refund, deadlineAtMs) =>
      await line.call('refund_query', refund.channelRefundNo, deadlineAtMs, () =>
        refundStateOutcome(channels.queryRefund(refundOf(account, refund)), account),
      ),
    statement: statements && {
      clock: CHINA_DAY,
      readyAtMinutes: READY_AT_MINUTES,
      formats: ['sandbox'],
      feeBasisPoints: account.feeBasisPoints,
    },
    fetchStatement: async (day) =>
      statements
        ? await line.fetch(day, () => statements.ask(account, day))
        : { type: 'unknown', raw: 'no statements' },
    link: (order) => ({ type: 'redirect', url: `https://channel.example/${order.channelOrderNo}` }),
    readNotification: (message) => readNotification(account, message),
    acknowledge: { status: 200, contentType: 'text/plain', body: 'ok' },
    refuse: { status: 400, contentType: 'text/plain', body: 'refused' },
  };
}

/** What a channel is told of an order; the same each time. */
export function submissionOf(order: ChannelOrder, details: PayDetails): PaySubmission {
  const product = order.product === 'page' ? 'redirect' : order.product;
  return {
    channel: order.channel,
    account: order.account,
    outNo: order.channelOrderNo,
    product: product as PaySubmission['product'],
    amountMinor: order.amountMinor,
    currency: order.currency,
    subject: details.subject,
    notifyUrl: `https://platform.example/notifications/${order.channel}/${order.account}`,
    returnUrl: details.returnUrl,
    expireAtMs: order.validUntilMs,
    scenario: (details.metadata['scenario'] ?? null) as PaySubmission['scenario'],
  };
}

type CallFaults = Readonly<
  Record<'lost' | 'late' | 'error' | 'busy' | 'replyLost' | 'unlisted', FaultKind>
>;
const ORDER_FAULTS: CallFaults = {
  lost: 'call_lost',
  late: 'call_late',
  error: 'channel_error',
  busy: 'channel_busy',
  replyLost: 'call_reply_lost',
  unlisted: 'unlisted_code',
};
const REFUND_FAULTS: CallFaults = {
  lost: 'refund_call_lost',
  late: 'refund_call_late',
  error: 'refund_channel_error',
  busy: 'refund_channel_busy',
  replyLost: 'refund_call_reply_lost',
  unlisted: 'refund_unlisted_code',
};
const isRefund = (operation: Operation): boolean =>
  operation === 'refund' || operation === 'refund_query';

/** The line to a channel: its places, its legs, its faults. */
class Line {
  readonly #life: Life;
  readonly #account: SimulatedAccount;
  readonly #statements: SimulatedStatements | null;
  #freePermits = PERMITS;

  constructor(life: Life, account: SimulatedAccount, statements: SimulatedStatements | null) {
    this.#life = life;
    this.#account = account;
    this.#statements = statements;
  }

  acquire(): { release(): void } | null {
    const isFull =
      this.#freePermits === 0 || this.#life.hits('bulkhead_full', this.#account.channel);
    if (isFull && !this.#statements?.hasLies) return null;
    this.#freePermits -= 1;
    let isHeld = true;
    return {
      release: () => {
        if (isHeld) this.#freePermits += 1;
        isHeld = false;
      },
    };
  }

  /** One call: what the channel answered, or `unknown` at the deadline. */
  async call<O extends Outcome | RefundOutcome>(
    operation: Exclude<Operation, 'notification'>,
    number: string,
    deadlineAtMs: number,
    act: () => O,
  ): Promise<{ readonly outcome: O | Unknown; readonly raw: string }> {
    const life = this.#life;
    const site = `${operation}:${number}`;
    if (this.#statements?.liesAbout(number)) {
      const raw = `${site} is cleared up`;
      return await life.exchange(operation, LEG_MS, async () => ({ outcome: act(), raw }));
    }
    const kinds = isRefund(operation) ? REFUND_FAULTS : ORDER_FAULTS;
    const answer = life.exchange(operation, this.#legOf(site, kinds), async () =>
      this.#arrive(site, operation, kinds, act),
    );
    const patienceMs = Math.max(0, deadlineAtMs - life.clock.nowMs());
    const patience = new AbortController();
    const late = life.sleep(patienceMs, patience.signal).then(() => 'late' as const);
    // A request that was lost is noticed in no other way than by waiting.
    const answered = answer.then(async (one) => (one === 'lost' ? await late : one));
    const first = await Promise.race([answered, late]);
    patience.abort();
    return first === 'late' ? unknownAnswer('timeout') : first;
  }

  /** The statement of a day: what can befall a call, and a file that is read piece by piece. */
  async fetch(day: string, ask: () => StatementAnswer): Promise<StatementFetch> {
    const life = this.#life;
    const site = `statement:${accountName(this.#account)}:${day}`;
    return await life.exchange('statement', LEG_MS, async () => {
      if (isDown(life, this.#account)) return { type: 'unknown', raw: 'connection refused' };
      if (life.hits('call_lost', site)) return { type: 'unknown', raw: 'timeout' };
      if (life.hits('channel_error', site)) return { type: 'unknown', raw: 'http 500' };
      const answer = ask();
      life.world.note(`${site} is answered ${answer.type}`);
      if (life.hits('call_reply_lost', site)) return { type: 'unknown', raw: 'timeout' };
      if (answer.type !== 'file') return { type: answer.type, raw: answer.type };
      const name = `${this.#account.account}-${day}.csv`;
      return { type: 'file', name, bytes: piecesOf(answer.text), sha256: null };
    });
  }

  #legOf(site: string, kinds: CallFaults): readonly [number, number] {
    return this.#life.hits(kinds.late, site) ? LATE_LEG_MS : LEG_MS;
  }

  /** The call reaches the channel, or does not. */
  #arrive<O extends Outcome | RefundOutcome>(
    site: string,
    operation: string,
    kinds: CallFaults,
    act: () => O,
  ): { readonly outcome: O | Unknown; readonly raw: string } | 'lost' {
    const life = this.#life;
    if (isDown(life, this.#account)) return unknownAnswer('connection refused');
    if (life.hits(kinds.lost, site)) return 'lost';
    if (life.hits(kinds.error, site)) return unknownAnswer('http 500');
    if (life.hits(kinds.busy, site)) return unknownAnswer('http 429');
    const outcome = act();
    life.world.note(`${site} is answered ${outcome.type}`);
    if (life.hits(kinds.replyLost, site)) return 'lost';
    if (life.hits(kinds.unlisted, site)) return unknownAnswer(`unlisted code to ${operation}`);
    return { outcome, raw: `${site} ${outcome.channelCode}` };
  }
}

async function* piecesOf(text: string): AsyncGenerator<Uint8Array, void, void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

type Unknown = Extract<Outcome, { type: 'unknown' }>;

function unknownAnswer(reason: string): { readonly outcome: Unknown; readonly raw: string } {
  return { outcome: { type: 'unknown', reason, channelCode: 'no_answer' }, raw: reason };
}

function refundOf({ channel, account }: SimulatedAccount, refund: RefundCall): RefundSubmission {
  const { channelOrderNo, channelRefundNo, transactionNo, amountMinor, currency } = refund;
  return {
    channel,
    account,
    outNo: channelOrderNo,
    refundNo: channelRefundNo,
    tradeNo: transactionNo,
    amountMinor,
    currency,
  };
}
