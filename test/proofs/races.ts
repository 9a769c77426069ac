/**
 * The proof that racing requests and facts end right on a real PostgreSQL: many clients by several doors
 * begin at once, round after round, and each round is judged by the invariants and by what was promised.
 * Each race is then run again without the safeguard that it is about, and must end wrong: so it can tell.
 */
import { eachLimited } from '../../src/runtime/limit.ts';
import { auditDatabase } from '../../src/store/postgres/audit.ts';
import { seededRandom } from '../support/notification-draw.ts';
import type { RaceGround } from './race-ground.ts';
import { openRaceGround } from './race-ground.ts';
import type { Race } from './race-plays.ts';
import { RACES } from './race-plays.ts';

export type RacesRequest = {
  readonly databaseUrl: string;
  /** Is left broken: the controls run here. */
  readonly controlDatabaseUrl: string;
  readonly rounds: number;
  readonly controlRounds: number;
  readonly seed: number;
  readonly onProgress?: (line: string) => void;
};

export type RaceReport = {
  readonly race: string;
  readonly rounds: number;
  readonly clients: number;
  readonly wrong: number;
  /** Rounds in which a client was given an error. */
  readonly errors: number;
  /** Guards that failed, so that the change was decided again: the clients really met. */
  readonly staleWrites: number;
  /** Rounds of the control, without the safeguard, that ended wrong. */
  readonly controlWrong: number;
  readonly examples: readonly string[];
};

export type RacesReport = {
  readonly races: readonly RaceReport[];
  readonly deadlocks: number;
  readonly deadlockErrors: number;
  readonly auditBroken: readonly string[];
  readonly verdict: 'proven' | 'broken';
};

const CLIENTS_MIN = 8;
const CLIENTS_MAX = 32;
/** Rounds at once: their payments have nothing to do with each other, but share statements and locks. */
const ROUNDS_AT_ONCE = 12;
const EXAMPLES_MAX = 3;
/** Young orders of the last rounds count as well. */
const AUDIT_AHEAD_MS = 3_600_000;

/** Runs every race, its control, and the audit over everything that the races have left. */
export async function proveRaces(request: RacesRequest): Promise<RacesReport> {
  const random = seededRandom(request.seed);
  const races: RaceReport[] = [];
  const ground = await openRaceGround(request.databaseUrl, random);
  const deadlocksBefore = await ground.deadlocks();
  try {
    for (const race of RACES) {
      const report = await runRace(ground, race, request.rounds, random);
      const control = await runControl(race, request, random);
      const { race: name, wrong, rounds, staleWrites } = report;
      request.onProgress?.(
        `${wrong + report.errors === 0 && control > 0 ? '✓' : '✗'} ${name}: ${wrong} wrong of ${rounds}, ${staleWrites} guards failed; control: ${control} wrong of ${request.controlRounds}`,
      );
      races.push({ ...report, controlWrong: control });
    }
    const deadlocks = (await ground.deadlocks()) - deadlocksBefore;
    const { findings } = await auditDatabase(request.databaseUrl, Date.now() + AUDIT_AHEAD_MS);
    const auditBroken = findings
      .filter(({ check }) => !check.mayBeYoung)
      .map(({ check, rows }) => `${check.view}: ${JSON.stringify(rows[0])}`);
    const isProven =
      auditBroken.length === 0 &&
      races.every((one) => one.wrong + one.errors === 0 && one.controlWrong > 0);
    return {
      races,
      deadlocks,
      deadlockErrors: ground.counts.deadlockErrors,
      auditBroken,
      verdict: isProven ? 'proven' : 'broken',
    };
  } finally {
    await ground.close();
  }
}

async function runRace(
  ground: RaceGround,
  race: Race,
  rounds: number,
  random: () => number,
): Promise<Omit<RaceReport, 'controlWrong'>> {
  let clients = 0;
  let wrong = 0;
  let errors = 0;
  const examples: string[] = [];
  const staleBefore = ground.counts.staleWrites;
  const numbers = Array.from({ length: rounds }, (_, at) => at + 1);
  const stamp = race.name.replaceAll(/[^a-z]/g, '').slice(0, 20);
  await eachLimited(numbers, ROUNDS_AT_ONCE, async (number) => {
    const span = CLIENTS_MAX - CLIENTS_MIN + 1;
    const round = {
      name: `${stamp}-${number}`,
      clients: CLIENTS_MIN + Math.floor(random() * span),
    };
    clients += round.clients;
    try {
      const words = await race.play(ground, round);
      if (words.length === 0) return;
      wrong += 1;
      if (examples.length < EXAMPLES_MAX) examples.push(`${round.name}: ${words.join('; ')}`);
    } catch (error) {
      errors += 1;
      const words = error instanceof Error ? error.message : String(error);
      if (examples.length < EXAMPLES_MAX) examples.push(`${round.name}: ${words}`);
    }
  });
  const staleWrites = ground.counts.staleWrites - staleBefore;
  return { race: race.name, rounds, clients, wrong, errors, staleWrites, examples };
}

/** How many rounds end wrong without the safeguard; those that end with an error do not count. */
async function runControl(
  race: Race,
  { controlDatabaseUrl, controlRounds }: RacesRequest,
  random: () => number,
): Promise<number> {
  const ground = await openRaceGround(controlDatabaseUrl, random, race.without);
  try {
    return (await runRace(ground, race, controlRounds, random)).wrong;
  } finally {
    await ground.close();
  }
}
