/** Planted bugs in what is committed, when, and together with what. */
import type { Aggregate } from '../../core/aggregate.ts';
import type { Effect } from '../../core/effect.ts';
import type { DroppedOrder, DueNotice, Store } from '../../store/store.ts';
import type { PlantedBug } from './planted-bug.ts';
import { atDoor, inCommits, swallowed, withSteps } from './planted-bug.ts';

const EVERY_SO_MANY = 10;
const QUESTIONS_MAX = 4;

const nameOf = (paymentId: string, attempt: number): string => `${paymentId}:${attempt}`;

/** A change with the effects that a filter lets through. */
const keeping =
  (isKept: (effect: Effect, after: Aggregate) => boolean) =>
  (one: Parameters<typeof withSteps>[0]) =>
    withSteps(one, (step) => ({
      ...step,
      effects: step.effects.filter((effect) => isKept(effect, one.after)),
    }));

export const COMMIT_BUGS: readonly PlantedBug[] = [
  {
    name: 'second_success_overwrites_the_first',
    words: 'The charge that came last is the winner (public: roncoo-pay).',
    foundBy: ['I3'],
    plant: () =>
      inCommits((one) => {
        const { before, after } = one;
        const { winner } = after.payment;
        const known = before?.orders.flatMap(({ charges }) => charges).length ?? 0;
        const all = after.orders.flatMap(({ attempt, charges }) =>
          charges.map((charge) => ({ attempt, charge })),
        );
        const last = all.at(-1);
        if (!before?.payment.winner || !winner || !last || all.length <= known) return one;
        const { attempt, charge } = last;
        const { transactionNo, amountMinor, paidAtMs, via } = charge;
        const other = { attempt, transactionNo, amountMinor, paidAtMs, via };
        return { ...one, after: { ...after, payment: { ...after.payment, winner: other } } };
      }),
  },
  {
    name: 'notice_before_commit',
    words:
      'Merchants are told before the commit, which may fail (public: jeepay, after it and lost).',
    foundBy: ['I15', 'I16'],
    plant: () => ({
      store: (honest): Store => ({
        ...honest,
        write: async (changes, lease) => {
          const early: DueNotice[] = changes.flatMap(({ after, steps }) =>
            steps.flatMap(({ atMs, effects }) =>
              effects.flatMap((effect) => {
                if (effect.type !== 'event') return [];
                const { id: paymentId, merchantNumber } = after.payment;
                const { id: eventId, event, subjectKey, snapshot } = effect;
                const told = { eventId, event, subjectKey, snapshot, atMs, tries: 0, lease: -1 };
                return [{ paymentId, merchantNumber, endpoint: null, ...told }];
              }),
            ),
          );
          lease?.take(early);
          return await honest.write(changes, lease);
        },
      }),
    }),
  },
  {
    name: 'other_orders_not_closed',
    words:
      "The winner's other open orders stay open at their channels (public: all that were read).",
    foundBy: ['I14'],
    plant: () =>
      inCommits((one) => {
        const { before, after } = one;
        if (!after.payment.winner || before?.payment.winner) return one;
        const orders = after.orders.map((order) => ({ ...order, closeStep: 'none' as const }));
        return { ...one, after: { ...after, orders } };
      }),
  },
  {
    name: 'expiry_closes_without_asking',
    words:
      'At the end of the validity orders are closed without asking the channel (public: jeepay).',
    foundBy: ['I6'],
    plant: () => ({
      door: (honest) => ({
        ...honest,
        apply: async (key, input) => {
          const applied = await honest.apply(key, input);
          if (input.type !== 'validity_ended') return applied;
          for (const { attempt, channel, account, status } of applied.aggregate?.orders ?? []) {
            if (status !== 'pending' && status !== 'unknown' && status !== 'created') continue;
            await honest.apply(key, {
              type: 'outcome_learned',
              attempt,
              outcome: { type: 'closed', channelCode: 'expired' },
              evidence: { via: 'query', operation: 'query', raw: '' },
              planned: false,
              from: { channel, account },
            });
          }
          return applied;
        },
      }),
    }),
  },
  {
    name: 'acknowledged_before_durable',
    words: 'While something else is being applied, a notification is acknowledged first.',
    foundBy: ['I25'],
    plant: () => {
      let underWay = 0;
      return {
        door: (honest, store) => ({
          ...honest,
          apply: async (key, input) => {
            const isWord =
              input.type === 'outcome_learned' && input.evidence.via === 'notification';
            const applied = honest.apply(key, input);
            const isBusy = underWay > 0;
            underWay += 1;
            const done = applied.finally(() => (underWay -= 1));
            if (!isWord || !isBusy) return await done;
            done.catch(() => {});
            return await swallowed(store, key);
          },
        }),
      };
    },
  },
  {
    name: 'inbox_as_a_gate',
    words: 'A message that was seen before is acknowledged, also when it was never applied.',
    foundBy: ['I25'],
    plant: () => {
      const seen = new Set<string>();
      return {
        receiver: (honest) => ({
          receive: async (channel, account, message) => {
            const name = new TextDecoder().decode(message.body);
            if (message.headers['signature']?.startsWith('true') && seen.has(name)) {
              return { status: 200, contentType: 'text/plain', body: 'ok' };
            }
            seen.add(name);
            return await honest.receive(channel, account, message);
          },
        }),
      };
    },
  },
  {
    name: 'failed_after_success_wins',
    words:
      'An older "failed" that comes after the success is believed (public: mollie/Shopware 197).',
    foundBy: ['I2', 'I3', 'I7'],
    plant: () => ({
      store: (honest): Store => ({
        ...honest,
        write: async (changes, lease) =>
          await honest.write(
            changes.map((one) => {
              const no = one.after.cases.find(
                (open) => open.kind === 'conflicting_outcome' && open.resolvedAtMs === null,
              );
              if (!no) return one;
              const orders = one.after.orders.map((order) =>
                order.attempt === no.attempt
                  ? {
                      ...order,
                      status: 'failed' as const,
                      deathEvidence: 'channel_failed' as const,
                    }
                  : order,
              );
              return { ...one, after: { ...one.after, orders } };
            }),
            lease,
          ),
      }),
    }),
  },
  {
    name: 'questions_end_silently',
    words:
      'After the last question nobody asks any more, and nobody is told (public: Kill Bill, jeepay).',
    foundBy: ['I14', 'I18', 'I19'],
    plant: () =>
      inCommits(
        keeping((effect, after) => {
          if (effect.type !== 'ask') return true;
          const order = after.orders.find((one) => one.attempt === effect.attempt);
          return (order?.queryCount ?? 0) < QUESTIONS_MAX;
        }),
      ),
  },
  {
    name: 'event_lost_with_its_state',
    words:
      'The state is committed, and the event that tells of it is not (public: jeepay, MQ after commit).',
    foundBy: ['I15', 'I16'],
    plant: () => {
      let count = 0;
      return inCommits(
        keeping((effect) => effect.type !== 'event' || ++count % EVERY_SO_MANY !== 0),
      );
    },
  },
  {
    name: 'job_dropped_when_claimed',
    words: 'A job is gone once it is taken, also when its work was not done.',
    foundBy: ['I19', 'I20'],
    plant: () => ({
      store: (honest): Store => ({
        ...honest,
        claimDroppedOrders: async (account, limit, nowMs, leaseMs) => {
          const rows = await honest.claimDroppedOrders(account, limit, nowMs, leaseMs);
          for (const row of rows) await honest.dropDroppedOrder(row);
          return rows;
        },
      }),
    }),
  },
  {
    name: 'lease_without_a_fence',
    words: 'Whoever is done drops the row by its key, although it was planned anew meanwhile.',
    foundBy: ['I19', 'I20'],
    plant: () => {
      const held = new Map<string, DroppedOrder>();
      return {
        store: (honest): Store => ({
          ...honest,
          claimDroppedOrders: async (account, limit, nowMs, leaseMs) => {
            const rows = await honest.claimDroppedOrders(account, limit, nowMs, leaseMs);
            for (const row of rows) held.set(nameOf(row.paymentId, row.attempt), row);
            return rows;
          },
          write: async (changes, lease) => {
            const results = await honest.write(changes, lease);
            for (const { after, steps } of changes) {
              for (const effect of steps.flatMap((step) => step.effects)) {
                if (effect.type !== 'ask') continue;
                const row = held.get(nameOf(after.payment.id, effect.attempt));
                // What was planned anew is nobody's: its lease is 0.
                if (row) await honest.dropDroppedOrder({ ...row, lease: 0 });
              }
            }
            return results;
          },
        }),
      };
    },
  },
  {
    name: 'stale_guard_ignored',
    words: 'Whoever writes last wins, whatever stood there meanwhile.',
    foundBy: ['I7', 'I11', 'I9', 'I13', 'I3'],
    plant: () => ({
      store: (honest): Store => ({
        ...honest,
        write: async (changes, lease) => {
          const keys = changes.map(({ after }) => ({
            merchantNumber: after.payment.merchantNumber,
            paymentId: after.payment.id,
          }));
          const stored = await honest.load(keys);
          return await honest.write(
            changes.map((one, at) =>
              one.before && stored[at] ? { ...one, before: stored[at] } : one,
            ),
            lease,
          );
        },
      }),
    }),
  },
  {
    name: 'write_not_durable',
    words: 'A write is acknowledged that the disk has lost.',
    foundBy: ['I25'],
    plant: () => {
      let writes = 0;
      return {
        store: (honest): Store => ({
          ...honest,
          write: async (changes, lease) => {
            writes += 1;
            if (writes % 40 === 0) return changes.map(() => 'written' as const);
            return await honest.write(changes, lease);
          },
        }),
      };
    },
  },
  {
    name: 'held_money_pays',
    words:
      'A decision about held money is taken for all of its kind: what was doubted is booked at once.',
    foundBy: ['I1', 'I17', 'I2'],
    plant: () =>
      atDoor((input) =>
        input.type === 'outcome_learned' && input.evidence.via === 'notification'
          ? { ...input, evidence: { ...input.evidence, via: 'query', operation: 'query' } }
          : input,
      ),
  },
];
