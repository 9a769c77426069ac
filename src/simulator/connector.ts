/**
 * A connector to the simulated channels, as one process has it during one life: the two legs of each
 * call with all that can befall them, and the channel's words in ours. It is written apart from the
 * real connectors, whose own contract is proven elsewhere.
 */
import type {
  Connector,
  NotificationReading,
  PayDetails,
  RefundCall,
} from '../channels/connector.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import type { ChargeFact, Operation, Outcome } from '../core/outcome.ts';
import type { RefundFact, RefundOutcome } from '../core/refund-outcome.ts';
import type { BookRefund, RefundAnswer, RefundSubmission } from '../sandbox/book-refund.ts';
import type { Charge, PaySubmission } from '../sandbox/book-order.ts';
import type { SimulatedAccount } from './accounts.ts';
import { isDown } from './accounts.ts';
import type { ChannelWord, SimulatedChannels } from './channel.ts';
import type { Life } from './life.ts';

export const CALL_DEADLINE_MS = 3_000;
const PERMITS = 8;
const QUERIES_PER_SECOND = 50;
const LEG_MS = [1, 150] as const;
/** A call that arrives after its caller has given up. */
const LATE_LEG_MS = [CALL_DEADLINE_MS, 8_000] as const;

/** A connector for one account of the simulated channels. */
export function simulatedConnector(
  life: Life,
  channels: SimulatedChannels,
  account: SimulatedAccount,
): Connector {
  const line = new Line(life, account);
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
        refundOutcome(channels.refund(refundOf(account, refund))),
      ),
    queryRefund: async (refund, deadlineAtMs) =>
      await line.call('refund_query', refund.channelRefundNo, deadlineAtMs, () =>
        refundStateOutcome(channels.queryRefund(refundOf(account, refund))),
      ),
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

/** The line to a channel: its places, its legs, its faults. */
class Line {
  readonly #life: Life;
  readonly #account: SimulatedAccount;
  #freePermits = PERMITS;

  constructor(life: Life, account: SimulatedAccount) {
    this.#life = life;
    this.#account = account;
  }

  acquire(): { release(): void } | null {
    if (this.#freePermits === 0 || this.#life.hits('bulkhead_full', this.#account.channel)) {
      return null;
    }
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
    const answer = life.exchange(operation, this.#legOf(site), async () =>
      this.#arrive(site, operation, act),
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

  #legOf(site: string): readonly [number, number] {
    return this.#life.hits('call_late', site) ? LATE_LEG_MS : LEG_MS;
  }

  /** The call reaches the channel, or does not. */
  #arrive<O extends Outcome | RefundOutcome>(
    site: string,
    operation: string,
    act: () => O,
  ): { readonly outcome: O | Unknown; readonly raw: string } | 'lost' {
    const life = this.#life;
    if (isDown(life, this.#account)) return unknownAnswer('connection refused');
    if (life.hits('call_lost', site)) return 'lost';
    if (life.hits('channel_error', site)) return unknownAnswer('http 500');
    if (life.hits('channel_busy', site)) return unknownAnswer('http 429');
    const outcome = act();
    life.world.note(`${site} is answered ${outcome.type}`);
    if (life.hits('call_reply_lost', site)) return 'lost';
    if (life.hits('unlisted_code', site)) return unknownAnswer(`unlisted code to ${operation}`);
    return { outcome, raw: `${site} ${outcome.channelCode}` };
  }
}

type Unknown = Extract<Outcome, { type: 'unknown' }>;

function unknownAnswer(reason: string): { readonly outcome: Unknown; readonly raw: string } {
  return { outcome: { type: 'unknown', reason, channelCode: 'no_answer' }, raw: reason };
}

function payOutcome(answer: ReturnType<SimulatedChannels['pay']>, order: ChannelOrder): Outcome {
  switch (answer.result) {
    case 'ACCEPTED': {
      const url = `https://channel.example/${order.channelOrderNo}`;
      const isQr = order.product === 'qr';
      const nextAction = isQr
        ? ({ type: 'display_qr', qrContent: url } as const)
        : ({ type: 'redirect', url } as const);
      return { type: 'pending', nextAction, channelCode: 'ACCEPTED' };
    }
    case 'PAID':
      return { type: 'succeeded', charges: [factOf(answer.charge)], channelCode: 'PAID' };
    case 'DECLINED':
      return { type: 'failed', ...answer.decline, channelCode: answer.decline.code };
    case 'ERROR':
      if (answer.code === 'ORDER_CLOSED') return { type: 'closed', channelCode: answer.code };
      if (answer.code === 'OUT_NO_REUSED') {
        return { type: 'unknown', reason: 'the number is known', channelCode: answer.code };
      }
      return { type: 'failed', code: 'refused', message: '', channelCode: answer.code };
  }
}

function queryOutcome({ state, charges, refunds, decline }: ChannelWord): Outcome {
  switch (state) {
    case 'PAID': {
      const returned = refunds.filter((one) => one.state === 'SUCCESS').map(refundFactOf);
      const taken = charges.map(factOf);
      return { type: 'succeeded', charges: taken, refunds: returned, channelCode: state };
    }
    case 'DECLINED':
      return {
        type: 'failed',
        code: decline?.code ?? 'declined',
        message: decline?.message ?? '',
        channelCode: state,
      };
    case 'CLOSED':
      return { type: 'closed', channelCode: state };
    case 'NOT_EXIST':
      return { type: 'not_found', channelCode: state };
    case 'WAITING':
    case 'PAYING':
      return { type: 'pending', nextAction: null, channelCode: state };
  }
}

function closeOutcome(result: ReturnType<SimulatedChannels['close']>): Outcome {
  if (result === null) return { type: 'not_found', channelCode: 'NOT_EXIST' };
  if (result === 'CLOSED') return { type: 'closed', channelCode: result };
  if (result === 'PAYING') return { type: 'pending', nextAction: null, channelCode: result };
  return { type: 'unknown', reason: 'a close names no charge', channelCode: result };
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

function refundOutcome(answer: RefundAnswer): RefundOutcome {
  if (answer.result === 'OK') return refundStateOutcome(answer.refund);
  const { code: channelCode, message } = answer;
  switch (channelCode) {
    case 'REFUND_EXCEEDS':
    case 'REFUND_WINDOW_OVER':
      return { type: 'failed', code: 'exceeds_charge', message, channelCode };
    case 'NOT_ENOUGH':
      return { type: 'refused_for_now', code: 'not_enough_funds', message, channelCode };
    case 'TOO_SOON':
      return { type: 'refused_for_now', code: 'too_soon', message, channelCode };
    default:
      return { type: 'unknown', reason: message, channelCode };
  }
}

function refundStateOutcome(refund: BookRefund | null): RefundOutcome {
  if (!refund) return { type: 'not_found', channelCode: 'NOT_EXIST' };
  const { state: channelCode, failure } = refund;
  const why = { code: failure?.code ?? '', message: failure?.message ?? '', channelCode };
  switch (channelCode) {
    case 'SUCCESS':
      return { type: 'succeeded', refund: refundFactOf(refund), channelCode };
    case 'CLOSED':
      return { type: 'failed', ...why };
    case 'ABNORMAL':
      return { type: 'requires_action', ...why };
    case 'PROCESSING':
      return { type: 'pending', channelCode };
  }
}

function refundFactOf(refund: BookRefund): RefundFact {
  const { refundNo, refundId, tradeNo, amountMinor, currency, endedAtMs } = refund;
  return {
    channelRefundNo: refundNo,
    refundId,
    transactionNo: tradeNo,
    amountMinor,
    currency,
    refundedAtMs: endedAtMs ?? 0,
  };
}

function factOf({ tradeNo, amountMinor, currency, paidAtMs }: Charge): ChargeFact {
  return { transactionNo: tradeNo, amountMinor, currency, paidAtMs };
}

/** The body of a notification; the signature is a header that says whether it is true. */
type Message = {
  readonly event?: string;
  readonly refund_no?: string;
  readonly refund_id?: string;
  readonly refunded_at?: string;
  readonly account: string;
  readonly out_no: string;
  readonly state: 'PAID' | 'WAITING' | 'DECLINED';
  readonly trade_no?: string;
  readonly amount: number;
  readonly currency: string;
  readonly paid_at?: string;
  readonly code?: string;
  readonly message?: string;
};

function readNotification(
  { account }: SimulatedAccount,
  message: Parameters<Connector['readNotification']>[0],
): NotificationReading {
  if (message.headers['signature'] !== `true for ${account}`) {
    return { type: 'refused', reason: 'the signature is wrong' };
  }
  const text = new TextDecoder().decode(message.body);
  const words = JSON.parse(text) as Message;
  if (words.event === 'refund') {
    return {
      type: 'authentic_refund',
      channelOrderNo: words.out_no,
      channelRefundNo: words.refund_no ?? null,
      account: words.account,
      outcome: refundNotificationOutcome(words),
      raw: text,
    };
  }
  return {
    type: 'authentic',
    channelOrderNo: words.out_no,
    account: words.account,
    outcome: notificationOutcome(words),
    raw: text,
  };
}

function refundNotificationOutcome(words: Message): RefundOutcome {
  const channelCode: string = words.state;
  const why = { code: words.code ?? '', message: words.message ?? '', channelCode };
  if (channelCode === 'CLOSED') return { type: 'failed', ...why };
  if (channelCode === 'ABNORMAL') return { type: 'requires_action', ...why };
  const refund: RefundFact = {
    channelRefundNo: words.refund_no ?? null,
    refundId: words.refund_id ?? '',
    transactionNo: words.trade_no ?? '',
    amountMinor: words.amount,
    currency: words.currency,
    refundedAtMs: Date.parse(words.refunded_at ?? ''),
  };
  return { type: 'succeeded', refund, channelCode };
}

function notificationOutcome(words: Message): Outcome {
  const { state } = words;
  if (state === 'WAITING') return { type: 'pending', nextAction: null, channelCode: state };
  if (state === 'DECLINED') {
    const { code = 'declined', message = '' } = words;
    return { type: 'failed', code, message, channelCode: state };
  }
  const charge: ChargeFact = {
    transactionNo: words.trade_no ?? '',
    amountMinor: words.amount,
    currency: words.currency,
    paidAtMs: Date.parse(words.paid_at ?? ''),
  };
  return { type: 'succeeded', charges: [charge], channelCode: state };
}
