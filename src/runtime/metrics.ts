/** What the platform counts, in Prometheus' form. */
import type { Registry } from 'prom-client';
import { Counter, collectDefaultMetrics } from 'prom-client';
import type { NotificationVerdict } from './receive.ts';

export type Metrics = {
  readonly countNotification: (channel: string, verdict: NotificationVerdict) => void;
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
  return { countNotification: (channel, verdict) => notifications.inc({ channel, verdict }) };
}
