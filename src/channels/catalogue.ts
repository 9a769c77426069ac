/** The channel catalogue (渠道目录): the one place in which a channel is added. */
import { randomUUID } from 'node:crypto';
import type { ChannelAccount } from './account.ts';
import { readChannelAccount } from './account.ts';
import type { BulkheadCounts } from './bulkhead.ts';
import type { Connector, Connectors } from './connector.ts';
import { newChannelHttp } from './http.ts';
import type { ChannelHttp } from './http.ts';
import { newSandboxConnector } from './sandbox/connector.ts';
import type { RuleOverrides, SandboxChannel } from './sandbox/rules.ts';
import { checkTimeoutChain } from './timeout-chain.ts';

/** What the connectors have to know of this installation. */
export type Surroundings = {
  /** Where channels reach us. */
  readonly publicUrl: string;
  readonly nowMs: () => number;
  /** The two outer links of the chain of timeouts; see `checkTimeoutChain`. */
  readonly requestDeadlineMs: number;
  readonly merchantWaitMs: number;
};

type Factory = (
  account: ChannelAccount,
  surroundings: Surroundings,
  http: ChannelHttp,
) => Connector;

/** To add a channel, add its line here. */
const CHANNELS: ReadonlyMap<string, Factory> = new Map([
  ['sandbox', sandbox('sandbox')],
  ['query_only', sandbox('query_only')],
]);

export type ChannelCatalogue = Connectors & {
  /** The places of each account's bulkhead, in the order of `all`. */
  places(): readonly (BulkheadCounts & Pick<Connector, 'channel' | 'account'>)[];
  /** Breaks off every call that is under way and closes the connections. */
  close(): Promise<void>;
};

/** What is wrong with the configured accounts: one sentence per fault, each naming its field. */
export class ChannelAccountError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'ChannelAccountError';
    this.faults = faults;
  }
}

/** A larger answer is none of a payment channel's. */
const BODY_BYTES_MAX = 1_048_576;
/** Some two million lines; a larger file is none of a day of one account. */
const STATEMENT_BYTES_MAX = 268_435_456;
/** Where "accepted" is no answer: time for the first notification, or for one question. */
const FINAL_WAIT_MS = 2_000;

/**
 * The connectors of the configured accounts. Throws a `ChannelAccountError` with every fault: a field
 * that is not usable, an account named twice, or timeouts that do not nest.
 */
export function buildConnectors(
  accounts: readonly unknown[],
  surroundings: Surroundings,
): ChannelCatalogue {
  const faults: string[] = [];
  const read = accounts.map((value, at) => readChannelAccount(value, `accounts[${at}]`, faults));
  const known = read.filter((account) => account !== null);
  checkNames(read, faults);
  if (faults.length > 0) throw new ChannelAccountError(faults);
  const built = known.map((account) => build(account, surroundings));
  for (const [at, { account, connector }] of built.entries()) {
    const sentence = chainFault(account, connector, surroundings);
    if (sentence !== null) faults.push(`accounts[${at}]: ${sentence}`);
  }
  if (faults.length > 0) throw new ChannelAccountError(faults);
  const all = built.map(({ connector }) => connector);
  const byName = new Map(all.map((one) => [nameOf(one), one]));
  return {
    all,
    // One account per channel for now: the first that is configured.
    forChannel: (channel) => all.find((one) => one.channel === channel) ?? null,
    get: (channel, account) => byName.get(nameOf({ channel, account })) ?? null,
    places: () =>
      built.map(({ account: { channel, account }, http }) => ({
        channel,
        account,
        ...http.bulkhead.counts(),
      })),
    close: async () => {
      await Promise.all(built.map(async ({ http }) => await http.close()));
    },
  };
}

type Built = {
  readonly account: ChannelAccount;
  readonly http: ChannelHttp;
  readonly connector: Connector;
};

function build(account: ChannelAccount, surroundings: Surroundings): Built {
  const { connectTimeoutMs, readTimeoutMs, connectionsMax, callDeadlineMs } = account;
  const http = newChannelHttp({
    connectTimeoutMs,
    readTimeoutMs,
    connectionsMax,
    deadlineMs: callDeadlineMs,
    bodyBytesMax: BODY_BYTES_MAX,
  });
  const factory = CHANNELS.get(account.channel);
  if (!factory)
    throw new Error(`the channel ${account.channel} passed the check and does not exist`);
  return { account, http, connector: factory(account, surroundings, http) };
}

function checkNames(accounts: readonly (ChannelAccount | null)[], faults: string[]): void {
  const seen = new Set<string>();
  for (const [at, account] of accounts.entries()) {
    if (account === null) continue;
    if (!CHANNELS.has(account.channel)) {
      const channels = [...CHANNELS.keys()].join(', ');
      faults.push(
        `accounts[${at}].channel is ${account.channel}, which does not exist; known: ${channels}.`,
      );
    }
    if (seen.has(nameOf(account))) {
      faults.push(`accounts[${at}].account: ${nameOf(account)} is configured twice.`);
    }
    seen.add(nameOf(account));
  }
}

function chainFault(
  account: ChannelAccount,
  { rules }: Connector,
  { requestDeadlineMs, merchantWaitMs }: Surroundings,
): string | null {
  const { connectTimeoutMs, readTimeoutMs, callDeadlineMs } = account;
  const waits = Object.values(rules.products).some((product) => product.waitsForFinal);
  return checkTimeoutChain({
    connectTimeoutMs,
    readTimeoutMs,
    callDeadlineMs,
    finalWaitMs: waits ? FINAL_WAIT_MS : 0,
    requestDeadlineMs,
    merchantWaitMs,
  });
}

function nameOf({ channel, account }: Pick<Connector, 'channel' | 'account'>): string {
  return `${channel}/${account}`;
}

function sandbox(channel: SandboxChannel): Factory {
  return (account, { publicUrl, nowMs }, http) =>
    newSandboxConnector({
      channel,
      account: account.account,
      secret: account.secret,
      baseUrl: account.baseUrl,
      notificationBaseUrl: publicUrl.replace(/\/$/, ''),
      queriesPerSecond: account.queriesPerSecond,
      rules: overridesOf(account),
      nowMs,
      nonce: randomUUID,
      statementBytesMax: STATEMENT_BYTES_MAX,
      feeBasisPoints: account.feeBasisPoints,
      http,
    });
}

/** The rules that the configuration sets otherwise than the channel. */
function overridesOf(account: ChannelAccount): RuleOverrides {
  const { queryDelaysMs, refundQueryDelaysMs, refundRetryMs, refundGapMs } = account;
  return {
    ...(queryDelaysMs !== null && { queryDelaysMs }),
    refund: {
      ...(refundQueryDelaysMs !== null && { queryDelaysMs: refundQueryDelaysMs }),
      ...(refundRetryMs !== null && { retryMs: refundRetryMs }),
      ...(refundGapMs !== null && { gapMs: refundGapMs }),
    },
  };
}
