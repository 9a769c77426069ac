/**
 * The tables of one database in memory: of both books, or of one book where they lie apart. Only what was
 * committed stands here; who may write when is the transactions' business.
 */
import type { Aggregate } from '../core/aggregate.ts';
import type { Case } from '../core/exceptions/kind.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import type { HistoryEntry } from '../core/effect.ts';
import type { Posting } from '../core/journal.ts';
import type { Book } from '../core/message.ts';
import type { KeyedMessage } from '../core/missing-messages.ts';
import type { Payment } from '../core/payment.ts';
import type { ChannelHalf, PaymentHalf } from './book-databases.ts';
import { JobTable } from './memory-jobs.ts';
import { YoungPayments } from './memory-young.ts';
import type { DueNotice, Endpoint, PaymentKey, RefundJob } from './store.ts';

type AskRow = PaymentKey & { readonly attempt: number; readonly operation: 'query' | 'close' };
type RefundRow = Omit<RefundJob, 'lease' | 'operation'> & {
  readonly operation: 'send' | 'query' | 'held';
};
type NoticeRow = Omit<DueNotice, 'lease'>;
/** A message that waits; `place` orders those of one payment. */
export type MessageRow = PaymentKey & KeyedMessage & { readonly place: number };

type BookedPosting = { readonly paymentId: string; readonly posting: Posting };
type HistoryLine = {
  readonly paymentId: string;
  readonly version: number;
  readonly atMs: number;
  readonly entry: HistoryEntry;
};
/** The channel book's root row, with its orders. */
type ChannelRow = { readonly version: number; readonly orders: readonly ChannelOrder[] };

export class MemoryBook {
  readonly part: Book | 'both';
  readonly endpointsOf: (merchantNumber: number) => readonly Endpoint[];
  readonly payments = new Map<string, Payment>();
  readonly channels = new Map<string, ChannelRow>();
  readonly cases = new Map<string, readonly Case[]>();
  readonly received = new Map<string, readonly string[]>();
  /** Which version of the channel book a payment was last decided with. */
  readonly seenChannelVersion = new Map<string, number>();
  readonly idByOrderNo = new Map<string, string>();
  readonly idByRefundNo = new Map<string, string>();
  readonly postings: BookedPosting[] = [];
  /** Keys of the journal's entries. */
  readonly entries = new Set<string>();
  readonly history: HistoryLine[] = [];
  readonly questions = new JobTable<AskRow>();
  readonly expiries = new JobTable<PaymentKey>();
  readonly refundJobs = new JobTable<RefundRow>();
  readonly notices = new JobTable<NoticeRow>();
  readonly outbox = new JobTable<MessageRow>();
  readonly internalDrops = new JobTable<MessageRow>();
  /** When each payment changed last in this book, where the books lie apart. */
  readonly changedAtMs = new Map<string, PaymentKey & { readonly changedAtMs: number }>();
  readonly young = new YoungPayments();
  watermarkMs = 0;
  scannedToMs = 0;

  /** `part`: which book lies here. `endpointsOf`: the webhook endpoints of a merchant. */
  constructor(
    part: Book | 'both',
    endpointsOf: (merchantNumber: number) => readonly Endpoint[] = () => [],
  ) {
    this.part = part;
    this.endpointsOf = endpointsOf;
  }

  /** A payment of both books; null when there is none. */
  find(paymentId: string): Aggregate | null {
    const payment = this.payments.get(paymentId);
    if (!payment) return null;
    const orders = this.channels.get(paymentId)?.orders ?? [];
    return { payment, orders, cases: this.cases.get(paymentId) ?? [], apart: null };
  }

  paymentHalf(paymentId: string): PaymentHalf | null {
    const payment = this.payments.get(paymentId);
    if (!payment) return null;
    return {
      payment,
      seenChannelVersion: this.seenChannelVersion.get(paymentId) ?? 0,
      cases: this.cases.get(paymentId) ?? [],
      received: this.received.get(paymentId) ?? [],
    };
  }

  channelHalf(paymentId: string): ChannelHalf | null {
    const row = this.channels.get(paymentId);
    if (!row) return null;
    return {
      ...row,
      cases: this.cases.get(paymentId) ?? [],
      received: this.received.get(paymentId) ?? [],
    };
  }

  findByOrderNo(merchantNumber: number, merchantOrderNo: string): PaymentKey | null {
    const paymentId = this.idByOrderNo.get(`${merchantNumber}:${merchantOrderNo}`);
    return paymentId === undefined ? null : { merchantNumber, paymentId };
  }

  findByRefundNo(merchantNumber: number, merchantRefundNo: string): PaymentKey | null {
    const paymentId = this.idByRefundNo.get(`${merchantNumber}:${merchantRefundNo}`);
    return paymentId === undefined ? null : { merchantNumber, paymentId };
  }
}

export function orderNoKey({ merchantNumber, merchantOrderNo }: Payment): string {
  return `${merchantNumber}:${merchantOrderNo}`;
}

export function entryKey(paymentId: string, { book, entry }: Posting): string {
  return `${paymentId} ${book} ${entry}`;
}

export function questionKey(paymentId: string, attempt: number): string {
  return `${paymentId}:${attempt}`;
}

export function refundJobKey(paymentId: string, attempt: number, number: number): string {
  return `${paymentId}:${attempt}:${number}`;
}

export function noticeKey({ eventId, endpoint }: Pick<DueNotice, 'eventId' | 'endpoint'>): string {
  return `${eventId}:${endpoint?.id ?? ''}`;
}

export function messageRowKey({ paymentId, key }: { paymentId: string; key: string }): string {
  return `${paymentId} ${key}`;
}
