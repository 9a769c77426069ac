/** `--coupling`: how the two books are coupled. */
import type { Coupling } from '../runtime/config.ts';
import { COUPLINGS } from '../runtime/config.ts';
import type { Invocation } from './command.ts';
import { UsageError } from './command.ts';

/** The coupling that was asked for; null without the flag. */
export function couplingFlag({ flags }: Invocation): Coupling | null {
  const { coupling } = flags;
  if (coupling === undefined) return null;
  const known = COUPLINGS.find((one) => one === coupling);
  if (known) return known;
  throw new UsageError({
    en: `--coupling knows ${COUPLINGS.join(', ')}, not ${JSON.stringify(coupling)}.`,
    zh: `--coupling 支持 ${COUPLINGS.join('、')}，不支持 ${JSON.stringify(coupling)}。`,
  });
}
