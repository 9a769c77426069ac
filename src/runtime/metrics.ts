/** What the platform counts, in Prometheus' form. */
import type { Registry } from 'prom-client';
import { Counter, Histogram, collectDefaultMetrics } from 'prom-client';
import type { Answer, Connector, Connectors, RefundAnswer } from '../channels/connector.ts';
import type { Operation } from '../core/outcome.ts';
import type { NotificationVerdict } from './receive.ts';

export type Metrics = {
  readonly countNotification: (channel: string, verdict: NotificationVerdict) => void;
  /** The same connectors, with each call timed by channel, operation and outcome. */
  readonly measureCalls: <T extends Connectors>(connectors: T) => T;
};

/** Registers the platform's counters. */
export function newMetrics(registry: Registry): Metrics {
  collectDefaultMetrics({ register: registry });
  const notifications = new Counter({
    name: 'tieout_notifications_total',
    help: 'Channel notifications by what became of them; refused ones were not authentic.',
    labelNames: ['channel', 'verdict'],
    registers: [registry],
  });
  const calls = new Histogram({
    name: 'tieout_channel_call_seconds',
    help: 'Calls to channels by what came of them; unknown is a timeout, an error or unlisted words.',
    labelNames: ['channel', 'operation', 'outcome'],
    buckets: CALL_SECONDS_BUCKETS,
    registers: [registry],
  });
  const observe: Observe = (labels, seconds) => calls.observe(labels, seconds);
  return {
    countNotification: (channel, verdict) => notifications.inc({ channel, verdict }),
    measureCalls: (connectors) => measured(connectors, observe),
  };
}

const CALL_SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type CallLabels = {
  readonly channel: string;
  readonly operation: Exclude<Operation, 'notification'> | 'statement';
  readonly outcome: string;
};
type Observe = (labels: CallLabels, seconds: number) => void;

/** The same connectors, each call timed. Channels, operations and outcomes are closed lists. */
function measured<T extends Connectors>(connectors: T, observe: Observe): T {
  const wrapped = new Map(connectors.all.map((one) => [one, timed(one, observe)]));
  const of = (one: Connector | null): Connector | null => (one && wrapped.get(one)) ?? null;
  return {
    ...connectors,
    all: [...wrapped.values()],
    forChannel: (channel) => of(connectors.forChannel(channel)),
    get: (channel, account) => of(connectors.get(channel, account)),
  };
}

function timed(connector: Connector, observe: Observe): Connector {
  const timeBy = async <A>(
    operation: CallLabels['operation'],
    wordOf: (answer: A) => string,
    call: () => Promise<A>,
  ): Promise<A> => {
    const startedAtMs = performance.now();
    let outcome = 'unknown';
    try {
      const answer = await call();
      outcome = wordOf(answer);
      return answer;
    } finally {
      const seconds = (performance.now() - startedAtMs) / 1_000;
      observe({ channel: connector.channel, operation, outcome }, seconds);
    }
  };
  const time = async <A extends Answer | RefundAnswer>(
    operation: CallLabels['operation'],
    call: () => Promise<A>,
  ): Promise<A> => await timeBy(operation, (answer) => answer.outcome.type, call);
  return {
    ...connector,
    pay: async (...rest) => await time('pay', async () => await connector.pay(...rest)),
    query: async (...rest) => await time('query', async () => await connector.query(...rest)),
    close: async (...rest) => await time('close', async () => await connector.close(...rest)),
    refund: async (...rest) => await time('refund', async () => await connector.refund(...rest)),
    queryRefund: async (...rest) =>
      await time('refund_query', async () => await connector.queryRefund(...rest)),
    fetchStatement: async (...rest) =>
      await timeBy(
        'statement',
        ({ type }) => type,
        async () => await connector.fetchStatement(...rest),
      ),
  };
}
