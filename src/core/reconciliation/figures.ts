/** The sums of one comparison (对账结果): every line and every entry stands in exactly one class. */

/** What a line of the channel or an entry of ours turned out to be. */
export const ITEM_CLASSES = [
  /** 相符 */
  'matched',
  /** 结转：属于另一账务日 */
  'carried',
  /** 渠道有·平台无（长款） */
  'channel_only',
  /** 平台有·渠道无（短款） */
  'platform_only',
  'amount',
  'status',
  'fee',
  /** 重复行 */
  'duplicate',
  /** Moves no order of ours: fees, payouts, what came to nothing. Shown by its name, compared with nothing. */
  'named',
] as const;
export type ItemClass = (typeof ITEM_CLASSES)[number];

/** The classes that are differences, in the order in which one line counts as one of them. */
export const DIFFERENCES = [
  'duplicate',
  'channel_only',
  'platform_only',
  'status',
  'amount',
  'fee',
] as const satisfies readonly ItemClass[];

/** One class of one kind in one currency, as both sides have it. Money in minor units. */
export type FigureRow = {
  readonly class: ItemClass;
  readonly kind: string;
  readonly currency: string;
  readonly lineCount: number;
  readonly lineMinor: number;
  readonly lineFeeMinor: number;
  readonly entryCount: number;
  readonly entryMinor: number;
};

/** Count and money on one side, by kind and currency: `payment CNY`. */
export type SideTotals = ReadonlyMap<string, { readonly count: number; readonly minor: number }>;

/** Classes of a line and an entry that were found for each other: the two count as one. */
const OF_PAIRS: ReadonlySet<ItemClass> = new Set(['matched', 'amount', 'status', 'fee'] as const);

/** How many of this class there are, on whichever side they stand. */
export function countOf(rows: readonly FigureRow[], wanted: ItemClass): number {
  return rows
    .filter((row) => row.class === wanted)
    .reduce((sum, row) => sum + row.lineCount + (OF_PAIRS.has(wanted) ? 0 : row.entryCount), 0);
}

/** Whether nothing is left that somebody has to explain. */
export function hasDifferences(rows: readonly FigureRow[]): boolean {
  return DIFFERENCES.some((one) => countOf(rows, one) > 0);
}

/**
 * What of both sides the classes do not account for, one sentence each; empty when
 * matched + carried + differences = lines, in count and in money, on both sides (I21). `lines` and
 * `entries` were counted on their own, before anything was compared.
 */
export function unaccounted(
  rows: readonly FigureRow[],
  lines: SideTotals,
  entries: SideTotals,
): string[] {
  const missing = (side: 'line' | 'entry', totals: SideTotals): string[] => {
    const sums = new Map<string, { count: number; minor: number }>();
    for (const row of rows) {
      const name = `${row.kind} ${row.currency}`;
      const sum = sums.get(name) ?? { count: 0, minor: 0 };
      sum.count += side === 'line' ? row.lineCount : row.entryCount;
      sum.minor += side === 'line' ? row.lineMinor : row.entryMinor;
      sums.set(name, sum);
    }
    const names = new Set([...totals.keys(), ...sums.keys()]);
    return [...names].toSorted().flatMap((name) => {
      const { count = 0, minor = 0 } = totals.get(name) ?? {};
      const sum = sums.get(name) ?? { count: 0, minor: 0 };
      if (sum.count === count && sum.minor === minor) return [];
      const whose = side === 'line' ? 'the statement has' : 'the platform has';
      return [
        `${name}: ${whose} ${count} of ${minor}, the classes sum to ${sum.count} of ${sum.minor}`,
      ];
    });
  };
  return [...missing('line', lines), ...missing('entry', entries)];
}
