/** Every single crash of every flow ties out. */
import { crashEverywhere, STORIES } from '../../src/simulator/crash-points.ts';

export type CrashPointsOptions = {
  /** 1 for all points; more for each n-th. */
  readonly every: number;
  readonly onProgress: (line: string) => void;
};

/** Runs the story of each flow once per point. */
export async function proveCrashPoints({ every, onProgress }: CrashPointsOptions) {
  const flows: Record<string, number> = {};
  let points = 0;
  let violations = 0;
  for (const story of STORIES) {
    const report = await crashEverywhere(story, every);
    flows[report.flow] = report.points;
    points += report.points;
    violations += report.violations.length;
    onProgress(`${report.flow}: ${report.points} crashes, ${report.violations.length} violations`);
    for (const { point, id, words } of report.violations) onProgress(`✗ ${point} ${id}: ${words}`);
  }
  const verdict = violations === 0 ? ('proven' as const) : ('broken' as const);
  return { points, flows, violations, verdict };
}
