/** The two sums that every benchmark needs. */

/** The middle of the values; between two of them where their number is even, because the better one would flatter. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [lower = 0, upper = 0] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ];
  return (lower + upper) / 2;
}

/** Two digits behind the point. */
export function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
