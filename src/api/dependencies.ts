/** What the HTTP routes need; built in one place (`platform.ts`) and handed in. */
import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { Connectors } from '../channels/connector.ts';
import type { Policy } from '../core/policy.ts';
import type { OffsetClock } from '../runtime/clock.ts';
import type { LinkOf } from '../runtime/payment-object.ts';
import type { OperatorDesk } from '../runtime/operator-desk.ts';
import type { Receiver } from '../runtime/receive.ts';
import type { Reconciler } from '../runtime/reconcile/reconciler.ts';
import type { Requests } from '../runtime/requests.ts';
import type { TestClock } from '../runtime/test-clock.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { Store } from '../store/store.ts';

export type ApiDependencies = {
  readonly pool: Pool;
  /** The channel book's database; the same pool where both books share one. */
  readonly channelPool: Pool;
  /** The channel book's database for work on whole days. */
  readonly bulkPool: Pool;
  readonly reconciler: Reconciler;
  readonly store: Store;
  readonly requests: Requests;
  readonly desk: OperatorDesk;
  readonly receiver: Receiver;
  readonly connectors: Connectors;
  readonly clock: OffsetClock;
  readonly policy: Policy;
  readonly linkOf: LinkOf;
  readonly newId: (prefix: string) => string;
  readonly newPaymentId: (merchantNumber: number) => string;
  /** The longest that we work on one request: callers who wait longer than this always get an answer. */
  readonly requestDeadlineMs: number;
  readonly mode: 'sandbox' | 'live';
  /** Sandbox mode: moves the clock of the whole installation and runs what falls due; null in live mode. */
  readonly testClock: TestClock | null;
  /** Sandbox mode: the base URL of the sandbox's control API; null in live mode. */
  readonly sandboxUrl: string | null;
  /** Null when ready; else one sentence that says what is missing. */
  readonly notReady: () => Promise<string | null>;
  readonly metrics: Registry;
  readonly log: Logger;
};
