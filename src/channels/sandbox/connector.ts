/** The connector to the sandbox's channels: signs our calls and turns the channel's words into ours. */
import type { ChannelOrder } from '../../core/channel-order.ts';
import { currencyCodes } from '../../core/money.ts';
import type { Connector, PayDetails, RefundCall } from '../connector.ts';
import { readSandboxNotification } from './notification.ts';
import { closeOutcome, payOutcome, queryOutcome } from './outcome-map.ts';
import { pageLink } from './page-link.ts';
import { refundOutcome, refundQueryOutcome } from './refund-outcome-map.ts';
import { sandboxRules } from './rules.ts';
import type { RuleOverrides } from './rules.ts';
import { newSandboxKey } from './signature.ts';
import { newCaller } from './signed-call.ts';
import type { CallerOptions } from './signed-call.ts';
import { newStatementFetch, STATEMENT_RULES } from './statement-fetch.ts';

export type SandboxConnectorOptions = CallerOptions & {
  readonly account: string;
  readonly secret: string;
  /** Where the channel reaches us, without a slash at its end. */
  readonly notificationBaseUrl: string;
  readonly queriesPerSecond: number;
  readonly rules?: RuleOverrides;
  /** The largest statement that is taken. */
  readonly statementBytesMax: number;
  /** See `StatementRules`. */
  readonly feeBasisPoints: number | null;
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
    statement: { ...STATEMENT_RULES, feeBasisPoints: options.feeBasisPoints },
    fetchStatement: newStatementFetch(options, call),
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
