/** What an auditor can read of the platform and of the channels' books, and no more. */

export type PaymentException = {
  id: string;
  kind: string;
  status: string;
  channel_order?: string | null;
};
export type PlatformCharge = { channel_transaction_no: string; amount: number; winner: boolean };
export type ChannelOrder = {
  id: string;
  channel: string;
  channel_order_no: string;
  status: string;
  charges: PlatformCharge[];
};
export type Payment = {
  id: string;
  status: string;
  amount: number;
  currency: string;
  amount_received: number;
  amount_refunded: number;
  /** What was taken beside the winner; `held` is apart from `received`. */
  surplus?: { received: number; returned: number; held: number };
  reversed_at?: string | null;
  merchant_order_no: string;
  channel_orders: ChannelOrder[];
  exceptions: PaymentException[];
};
export type PaymentPage = { data: Payment[]; has_more: boolean };
export type BookCharge = {
  channel: string;
  channel_order_no: string;
  channel_transaction_no: string;
  amount: number;
  currency: string;
  /** When the channel took it back; null or absent while it stands. */
  reversed_at?: string | null;
};
export type BookRefund = {
  channel_order_no: string;
  channel_transaction_no: string;
  amount: number;
};
export type ToldNotice = { merchant_order_no: string | null; event: string; amount: number | null };
export type BookPages = { charges: BookCharge[]; refunds: BookRefund[]; told: ToldNotice[] };

/** A refund names no channel, so a charge is known by its order and its transaction. */
export function tradeKey(named: {
  channel_order_no: string;
  channel_transaction_no: string;
}): string {
  return `${named.channel_order_no}/${named.channel_transaction_no}`;
}
