/**
 * Closing a day (日终关账): once every difference is settled or has its case, the channel's settlement is
 * booked, cases that the day has ended are resolved, and orders that its statements are silent about fail.
 */
import type { Connector } from '../../channels/connector.ts';
import { addDays, businessDayOf } from '../../core/reconciliation/business-day.ts';
import type { FigureRow } from '../../core/reconciliation/figures.ts';
import {
  closedDays,
  differencesOver,
  ordersAwaitingStatement,
} from '../../store/postgres/day-closing.ts';
import type { SilentOrder } from '../../store/postgres/day-closing.ts';
import type { AccountDay, StoredReconciliation } from '../../store/postgres/reconciliations.ts';
import { moveReconciliation } from '../../store/postgres/reconciliations.ts';
import type { AccountPosting } from '../../store/postgres/statement-cases.ts';
import { bookForAccount } from '../../store/postgres/statement-cases.ts';
import type { SettleParts } from './settle-differences.ts';

/** Closes it; doing it twice books nothing twice. */
export async function closeDay(
  parts: SettleParts,
  connector: Connector,
  run: StoredReconciliation,
): Promise<void> {
  const { pool, door, clock, killPoint } = parts;
  killPoint('reconcile.before_close');
  for (const over of await differencesOver(pool, run.number)) {
    const { kind, subject } = over;
    const words = `The statement of ${run.day} has it.`;
    await door.apply(over, { type: 'difference_over', kind, subject, words });
  }
  await bookForAccount(pool, settlementOf(run, run.figures, clock.nowMs()));
  killPoint('reconcile.after_settlement');
  await moveReconciliation(pool, run.number, 'closed', clock.nowMs());
  killPoint('reconcile.after_close');
  await failSilent(parts, connector, run);
}

/**
 * The channel settles the day: what it kept goes to fees, the rest is owed to us no more. Only what was
 * matched; everything else is not agreed on.
 */
export function settlementOf(
  { channel, account, day }: AccountDay,
  figures: readonly FigureRow[],
  bookedAtMs: number,
): AccountPosting[] {
  const name = `${channel}/${account}`;
  const receivable = `channel_receivable:${name}`;
  const matched = figures.filter((row) => row.class === 'matched');
  const currencies = new Set(matched.map(({ currency }) => currency));
  return [...currencies].flatMap((currency) => {
    const rows = matched.filter((row) => row.currency === currency);
    const gross = rows.reduce((sum, row) => sum + signOf(row.kind) * row.lineMinor, 0);
    const fees = rows.reduce((sum, row) => sum + row.lineFeeMinor, 0);
    const posting = (to: string, amountMinor: number): AccountPosting[] => {
      if (amountMinor === 0) return [];
      const [debit, credit] = amountMinor > 0 ? [to, receivable] : [receivable, to];
      const entry = `${to.split(':')[0] ?? to}:${day}:${currency}`;
      const sum = { amountMinor: Math.abs(amountMinor), currency };
      return [{ channel, account, day, entry, ...sum, debit, credit, bookedAtMs }];
    };
    return [...posting(`fees:${name}`, fees), ...posting(`settled:${name}`, gross - fees)];
  });
}

function signOf(kind: string): number {
  return kind === 'payment' ? 1 : -1;
}

/**
 * Orders whose result nobody could tell, and that stand in no statement of any day on which they could have
 * been paid: the channel is asked once more, and unless it says otherwise they have failed.
 */
async function failSilent(
  parts: SettleParts,
  connector: Connector,
  { channel, account, day }: AccountDay,
): Promise<void> {
  const rules = connector.statement;
  if (rules === null) return;
  const nowMs = parts.clock.nowMs();
  const waiting = await ordersAwaitingStatement(parts.pool, { channel, account }, nowMs);
  for (const order of waiting) {
    const days = daysOf(order, connector);
    const last = days.at(-1);
    if (last === undefined || last > day) continue;
    const closed = await closedDays(parts.pool, { channel, account }, days);
    if (days.every((one) => closed.has(one))) await failOne(parts, connector, order, days);
  }
}

/** Every day from the creation of an order to the day after the last moment at which it could be paid. */
function daysOf(order: SilentOrder, connector: Connector): string[] {
  const clock = connector.statement?.clock;
  if (!clock) return [];
  const last = addDays(businessDayOf(order.validUntilMs, clock), 1);
  const days: string[] = [];
  for (let day = businessDayOf(order.createdAtMs, clock); day <= last; day = addDays(day, 1)) {
    days.push(day);
  }
  return days;
}

async function failOne(
  { store, performer, door }: SettleParts,
  { channel, account }: Connector,
  order: SilentOrder,
  days: readonly string[],
): Promise<void> {
  const [aggregate] = await store.load([order]);
  if (!aggregate) return;
  const call = { planned: false, deadlineAtMs: Number.POSITIVE_INFINITY, permit: null };
  const asked = await performer.perform(aggregate, order.attempt, 'query', call);
  const found = asked?.aggregate?.orders.find((one) => one.attempt === order.attempt);
  // A question that could not leave proves nothing; a payer who may still pay keeps the order open.
  if (!asked || found?.status === 'pending') return;
  await door.apply(order, {
    type: 'statement_silent',
    attempt: order.attempt,
    words: `The statements of ${days[0] ?? ''} to ${days.at(-1) ?? ''} lack it.`,
    from: { channel, account },
  });
}
