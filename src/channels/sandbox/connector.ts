/** The connector to the sandbox's channels: signs our calls and turns the channel's words into ours. */
import type { ChannelOrder } from '../../core/channel-order.ts';
import { currencyCodes } from '../../core/money.ts';
import { CallError } from '../call-error.ts';
import type { Connector, PayDetails, RefundCall } from '../connector.ts';
import { evidenceText } from '../evidence-text.ts';
import type { ChannelHttp } from '../http.ts';
import { readSandboxNotification } from './notification.ts';
import { closeOutcome, payOutcome, queryOutcome } from './outcome-map.ts';
import { pageLink } from './page-link.ts';
import { refundOutcome, refundQueryOutcome } from './refund-outcome-map.ts';
import { readReply } from './reply.ts';
import { sandboxRules } from './rules.ts';
import type { RuleOverrides, SandboxChannel } from './rules.ts';
import { newSandboxKey, signedHeaders } from './signature.ts';
import type { SandboxKey } from './signature.ts';
import { unknown } from './word-reading.ts';
import type { Unknown, Words } from './word-reading.ts';

export type SandboxConnectorOptions = {
  readonly channel: SandboxChannel;
  readonly account: string;
  readonly secret: string;
  /** Scheme, host and port of the channel; a path would change what is signed. */
  readonly baseUrl: string;
  /** Where the channel reaches us, without a slash at its end. */
  readonly notificationBaseUrl: string;
  readonly queriesPerSecond: number;
  readonly nowMs: () => number;
  /** A fresh nonce for each call: 8 to 64 of `[0-9A-Za-z_-]`. */
  readonly nonce: () => string;
  readonly rules?: RuleOverrides;
  readonly http: ChannelHttp;
};

/** A connector for one account. Its calls never reject for what a channel or a network does. */
export function newSandboxConnector(options: SandboxConnectorOptions): Connector {
  const { channel, account, baseUrl, http } = options;
  const key = newSandboxKey(account, options.secret);
  const rules = sandboxRules(channel, options.rules);
  const orderFields = newOrderFields(options);
  const call = newCaller(options, key);
  return {
    channel,
    account,
    rules,
    currencies: currencyCodes(),
    callDeadlineMs: http.deadlineMs,
    queriesPerSecond: options.queriesPerSecond,
    acquire: () => http.bulkhead.acquire(),
    pay: async (order, details, deadlineAtMs) => {
      if (rules.products[order.product]?.opensByLink) {
        throw new Error(`an order of the product ${order.product} is opened by its link, not sent`);
      }
      const fields = { ...orderFields(order, details), product: order.product };
      return await call('pay', fields, deadlineAtMs, (status, words) =>
        payOutcome(status, words, order.product),
      );
    },
    query: async ({ channelOrderNo }, deadlineAtMs) =>
      await call('query', { out_no: channelOrderNo }, deadlineAtMs, queryOutcome),
    close: async ({ channelOrderNo }, deadlineAtMs) =>
      await call('close', { out_no: channelOrderNo }, deadlineAtMs, closeOutcome),
    refund: async (refund, deadlineAtMs) =>
      await call('refund', refundFields(refund), deadlineAtMs, (status, words) =>
        refundOutcome(status, words, refund),
      ),
    queryRefund: async (refund, deadlineAtMs) => {
      const { out_no, refund_no } = refundFields(refund);
      return await call('refund_query', { out_no, refund_no }, deadlineAtMs, (status, words) =>
        refundQueryOutcome(status, words, refund),
      );
    },
    link: (order, details) => {
      if (!rules.products[order.product]?.opensByLink) {
        throw new Error(`an order of the product ${order.product} has no link`);
      }
      const { amount, ...texts } = orderFields(order, details);
      const fields = { ...texts, amount: String(amount), account };
      const address = `${baseUrl}/page/${channel}`;
      const url = pageLink(key, address, fields, order.createdAtMs, order.channelOrderNo);
      return { type: 'redirect', url };
    },
    readNotification: (message, receivedAtMs) =>
      channel === 'query_only'
        ? { type: 'refused', reason: 'this channel sends no notifications' }
        : readSandboxNotification(key, message, receivedAtMs ?? options.nowMs()),
    acknowledge: { status: 200, contentType: 'text/plain', body: 'ok' },
    refuse: { status: 400, contentType: 'text/plain', body: 'refused' },
  };
}

type CallFields = { readonly out_no: string } & Readonly<Record<string, unknown>>;

/** Makes a call; `read` reads the outcome out of a reply that is authentic and about the order. */
type Caller = <T>(
  operation: 'pay' | 'query' | 'close' | 'refund' | 'refund_query',
  fields: CallFields,
  deadlineAtMs: number,
  read: (status: number, words: Words) => T,
) => Promise<{ readonly outcome: T | Unknown; readonly raw: string }>;

/** One signed call and its answer; no answer, and one that proves nothing, is `unknown`. */
function newCaller(options: SandboxConnectorOptions, key: SandboxKey): Caller {
  const { channel, baseUrl, http } = options;
  return async (operation, fields, deadlineAtMs, read) => {
    const path = `/gateway/${channel}/${operation}`;
    const body = JSON.stringify(fields);
    const nowMs = options.nowMs();
    const nonce = options.nonce();
    const headers = {
      'content-type': 'application/json',
      ...signedHeaders(key, nowMs, nonce, `POST ${path}`, body),
    };
    try {
      const answer = await http.post(baseUrl + path, headers, body, deadlineAtMs - nowMs);
      const reply = readReply(key, { path, nonce, channelOrderNo: fields.out_no }, answer);
      if (reply.type === 'unusable') return reply;
      return { outcome: read(reply.status, reply.words), raw: reply.raw };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return { outcome: unknown(error.message, error.kind), raw: evidenceText(error.message) };
    }
  };
}

/** What the channel is told of a refund; the same each time, because a resend is the same refund. */
function refundFields(refund: RefundCall) {
  return {
    out_no: refund.channelOrderNo,
    refund_no: refund.channelRefundNo,
    trade_no: refund.transactionNo,
    amount: refund.amountMinor,
    currency: refund.currency,
  };
}

type OrderFields = {
  readonly out_no: string;
  readonly amount: number;
  readonly currency: string;
  readonly subject: string;
  readonly notify_url: string;
  readonly return_url: string | undefined;
  readonly expire_at: string;
  readonly scenario: string | undefined;
};

/** What the channel is told of an order; the same each time, because a resend is the same order. */
function newOrderFields({
  channel,
  account,
  notificationBaseUrl,
}: SandboxConnectorOptions): (order: ChannelOrder, details: PayDetails) => OrderFields {
  const notifyUrl = `${notificationBaseUrl}/notifications/${channel}/${encodeURIComponent(account)}`;
  return (order, { subject, returnUrl, metadata }) => ({
    out_no: order.channelOrderNo,
    amount: order.amountMinor,
    currency: order.currency,
    subject,
    notify_url: notifyUrl,
    return_url: returnUrl ?? undefined,
    expire_at: new Date(order.validUntilMs).toISOString(),
    // The one thing of the merchant's that the sandbox understands.
    scenario: Object.hasOwn(metadata, 'scenario') ? metadata['scenario'] : undefined,
  });
}
