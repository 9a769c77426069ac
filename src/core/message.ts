/**
 * Messages between the two books. With one database they are applied inside the same decision and
 * commit; with two, each of them becomes an outbox row and an inbox row. 两账本之间的消息。
 */
import type { DeathEvidence } from './channel-order.ts';
import type { ChargeFact, Via } from './outcome.ts';

/** Payment book → channel book. */
export type ToChannelBook =
  | {
      readonly type: 'open_try';
      readonly attempt: number;
      readonly channel: string;
      readonly account: string;
      readonly product: string;
      readonly validUntilMs: number;
    }
  | { readonly type: 'close_try'; readonly attempt: number };

/** Channel book → payment book. */
export type ToPaymentBook =
  | { readonly type: 'try_opened'; readonly attempt: number }
  | {
      readonly type: 'try_dead';
      readonly attempt: number;
      readonly evidence: DeathEvidence;
      /** True when the channel never knew the order. */
      readonly neverOpened: boolean;
    }
  | {
      readonly type: 'charge';
      readonly attempt: number;
      readonly charge: ChargeFact;
      readonly via: Via;
    }
  | { readonly type: 'charge_held'; readonly attempt: number; readonly charge: ChargeFact };

export type Message = ToChannelBook | ToPaymentBook;
