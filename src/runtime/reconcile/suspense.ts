/**
 * Money that nobody can name (挂账): a line of a statement that leads to no order of ours. It lies in
 * suspense, with a case that has an owner, until a person has found out whose it is.
 */
import type { Pool } from '../../store/postgres/pool.ts';
import type { AccountDay, StoredItem } from '../../store/postgres/reconciliations.ts';
import { bookForAccount, openStatementCase } from '../../store/postgres/statement-cases.ts';
import { majorText } from '../../core/money.ts';
import type { Clock } from '../clock.ts';

export type SuspenseParts = {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly freshId: (prefix: string) => string;
  /** How long a case may stand before it is overdue. */
  readonly caseDeadlineMs: number;
};

/** Books what the line says into suspense and opens its case; doing it twice books and opens once. */
export async function openNameless(
  item: StoredItem,
  { pool, clock, freshId, caseDeadlineMs }: SuspenseParts,
  { channel, account, day }: AccountDay,
): Promise<{ outcome: 'case' | 'suspense'; words: string }> {
  const nowMs = clock.nowMs();
  const name = [item.kind, item.orderNo, item.refundNo, item.transactionNo, item.movementNo];
  const subject = name.map((part) => part ?? '').join(':');
  const amountMinor = item.channelMinor ?? item.platformMinor ?? 0;
  const moves = item.class === 'channel_only' && amountMinor > 0;
  if (moves) {
    const receivable = `channel_receivable:${channel}/${account}`;
    const suspense = `suspense:${channel}/${account}`;
    const comesIn = item.kind === 'payment';
    await bookForAccount(pool, [
      {
        channel,
        account,
        day,
        entry: `nameless:${subject}`,
        amountMinor,
        currency: item.currency,
        debit: comesIn ? receivable : suspense,
        credit: comesIn ? suspense : receivable,
        bookedAtMs: nowMs,
      },
    ]);
  }
  const words = `${majorText(amountMinor, item.currency)} ${item.currency} (${item.word ?? item.kind}) in line ${item.lineNo ?? '?'} of ${day} leads to no order of ours: find out whose it is.`;
  await openStatementCase(pool, {
    id: freshId('exc'),
    kind: item.class === 'channel_only' ? 'channel_only' : 'statement_difference',
    channel,
    account,
    day,
    subject,
    openedAtMs: nowMs,
    owner: 'reconciliation',
    nextAction: words,
    deadlineAtMs: nowMs + caseDeadlineMs,
    moneyAtRiskMinor: amountMinor,
    currency: item.currency,
  });
  return { outcome: moves ? 'suspense' : 'case', words };
}
