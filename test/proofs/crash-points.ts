/** Every single crash of every flow ties out, however the books are coupled. */
import type { Ground } from '../../src/simulator/crash-points.ts';
import { crashEverywhere, GROUNDS, STORIES } from '../../src/simulator/crash-points.ts';

export type CrashPointsOptions = {
  /** 1 for all points; more for each n-th. */
  readonly every: number;
  readonly onProgress: (line: string) => void;
};

/** Runs the story of each flow once per point, on each ground. */
export async function proveCrashPoints({ every, onProgress }: CrashPointsOptions) {
  const by: Record<string, Record<string, number>> = {};
  const messages: Record<string, number> = {};
  let points = 0;
  let violations = 0;
  for (const ground of GROUNDS) {
    const flows: Record<string, number> = {};
    for (const story of STORIES) {
      const report = await crashEverywhere(story, ground, every);
      flows[report.flow] = report.points;
      points += report.points;
      violations += report.violations.length;
      // With one database, or one decision for both books, nothing is ever on its way between them.
      if (ground.coupling === 'relay') addAll(messages, report.messages);
      const name = `${nameOf(ground)}, ${report.flow}`;
      onProgress(`${name}: ${report.points} crashes, ${report.violations.length} violations`);
      for (const { point, id, words } of report.violations)
        onProgress(`✗ ${point} ${id}: ${words}`);
    }
    by[nameOf(ground)] = flows;
  }
  const verdict = violations === 0 ? ('proven' as const) : ('broken' as const);
  return { points, by, messages, violations, verdict };
}

function nameOf({ coupling, losesMessages }: Ground): string {
  return losesMessages ? `${coupling} with lost messages` : coupling;
}

function addAll(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
}
