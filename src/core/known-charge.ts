/** All charges of a payment, with the one that is its winner. */
import type { Aggregate } from './aggregate.ts';
import type { Charge } from './charge.ts';
import { chargeKey } from './charge.ts';

export type KnownCharge = {
  readonly key: string;
  readonly attempt: number;
  readonly charge: Charge;
  readonly isWinner: boolean;
};

/** Every charge that was learned, order by order. */
export function knownCharges({ payment, orders }: Aggregate): KnownCharge[] {
  const { winner } = payment;
  return orders.flatMap(({ attempt, charges }) =>
    charges.map((charge) => ({
      key: chargeKey(attempt, charge.transactionNo),
      attempt,
      charge,
      isWinner: winner?.attempt === attempt && winner.transactionNo === charge.transactionNo,
    })),
  );
}
