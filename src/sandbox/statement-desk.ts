/** The channels' statements as they are asked for, made to order by control calls, and fetched. */
import { createHash } from 'node:crypto';
import type { Books } from './books.ts';
import { dayBefore, dayBounds } from './business-day.ts';
import type { StatementFault, StatementFaultName } from './statement-faults.ts';
import { movedToNextDay, spoiltStatement } from './statement-spoiling.ts';
import {
  byTime,
  movementsOf,
  type StatementLine,
  statementText,
  type StatementTarget,
} from './statements.ts';

/** A statement that somebody had made, with its faults and how far it has come. */
export type StatementPlan = StatementTarget & {
  /** Until the statement is ready by itself, it ends with the movements of this moment. */
  readonly cutAtMs: number;
  readonly faults: readonly StatementFault[];
  readonly askCount: number;
  /** How many versions were given out. */
  readonly servedCount: number;
};

/** A line about statements, for whoever keeps the pretend world over a restart. */
export type StatementEntry = { readonly kind: 'statement'; readonly plan: StatementPlan };

export type StatementAnswer =
  | { readonly state: 'CREATING' | 'NO_TRADES' }
  | { readonly state: 'READY'; readonly sha256: string; readonly token: string };

/** The next version that will be given out; without lines there is no file. */
export type MadeStatement = {
  readonly lineCount: number;
  readonly spoilt: Partial<Readonly<Record<StatementFaultName, number>>>;
  /** As the channel tells it; null without a file. */
  readonly sha256: string | null;
  readonly text: string | null;
};

export type StatementDeskOptions = {
  readonly books: Books;
  /** A fresh text that nobody can guess. */
  readonly newToken: () => string;
  readonly record: (entry: StatementEntry) => void;
};

type File = { readonly body: Buffer; readonly name: string };
type Ticket = File & { readonly expiresAtMs: number };

/** How long a download address is good for. */
const TICKET_MS = 300_000;
/** The oldest address ends when there are more: each holds a whole file in memory. */
const TICKETS_MAX = 16;

export class StatementDesk {
  readonly #options: StatementDeskOptions;
  readonly #plans = new Map<string, StatementPlan>();
  readonly #tickets = new Map<string, Ticket>();

  constructor(options: StatementDeskOptions) {
    this.#options = options;
  }

  /** The platform asks for a statement. Each READY gives out one version of it. */
  ask(target: StatementTarget, nowMs: number): StatementAnswer {
    const plan = this.#plans.get(keyOf(target)) ?? null;
    if (plan === null && nowMs < dayBounds(target.day).readyAtMs) return { state: 'CREATING' };
    const asked = plan === null ? null : { ...plan, askCount: plan.askCount + 1 };
    if (asked !== null) this.#keep(asked);
    if (asked !== null && isLate(asked, nowMs)) return { state: 'CREATING' };
    const { lines } = this.#version(target, asked, nowMs);
    if (lines.length === 0) return { state: 'NO_TRADES' };
    if (asked !== null) this.#keep({ ...asked, servedCount: asked.servedCount + 1 });
    const { body, sha256 } = fileOf(target, lines, asked);
    const token = this.#options.newToken();
    const name = `${target.channel}-${target.account}-${target.day}.csv`;
    this.#tickets.set(token, { body, name, expiresAtMs: nowMs + TICKET_MS });
    for (const oldest of this.#tickets.keys()) {
      if (this.#tickets.size <= TICKETS_MAX) break;
      this.#tickets.delete(oldest);
    }
    return { state: 'READY', sha256, token };
  }

  /**
   * Makes the statement ready now, also while its day lasts, with these faults and no others. From the
   * hour at which it would have been ready by itself, it covers the whole day, with the same faults.
   */
  generate(
    target: StatementTarget,
    faults: readonly StatementFault[],
    nowMs: number,
  ): MadeStatement {
    const { channel, account, day } = target;
    const made = { channel, account, day, cutAtMs: nowMs, faults, askCount: 0, servedCount: 0 };
    this.#keep(made);
    const { lines, spoilt } = this.#version(target, made, nowMs);
    if (lines.length === 0) return { lineCount: 0, spoilt, sha256: null, text: null };
    const { body, sha256 } = fileOf(target, lines, made);
    return { lineCount: lines.length, spoilt, sha256, text: body.toString('utf8') };
  }

  /** The file behind a download address; null when there is none, or no longer. */
  download(token: string, nowMs: number): File | null {
    const ticket = this.#tickets.get(token);
    return ticket === undefined || nowMs >= ticket.expiresAtMs ? null : ticket;
  }

  restore({ plan }: StatementEntry): void {
    this.#plans.set(keyOf(plan), plan);
  }

  /** The lines that rebuild what was made to order. */
  *entries(): Iterable<StatementEntry> {
    for (const plan of this.#plans.values()) yield { kind: 'statement', plan };
  }

  #keep(plan: StatementPlan): void {
    this.#plans.set(keyOf(plan), plan);
    this.#options.record({ kind: 'statement', plan });
  }

  /** The lines of the next version: the day's own, without those of the next day, with those of the former. */
  #version(target: StatementTarget, plan: StatementPlan | null, nowMs: number) {
    const own = this.#movements(target, plan, nowMs);
    const moved = movedToNextDay(own, plan?.faults ?? []);
    const spoilt = { ...(moved.size > 0 && { next_day: moved.size }) };
    const kept = own.filter((line) => !moved.has(line));
    const lines = [...this.#fromDayBefore(target, nowMs), ...kept].sort(byTime);
    if (plan === null) return { lines, spoilt };
    const version = spoiltStatement(target, lines, plan.faults, plan.servedCount);
    return { lines: version.lines, spoilt: { ...spoilt, ...version.spoilt } };
  }

  #fromDayBefore(target: StatementTarget, nowMs: number): readonly StatementLine[] {
    const before = this.#plans.get(keyOf({ ...target, day: dayBefore(target.day) }));
    if (before?.faults.some(({ fault }) => fault === 'next_day') !== true) return [];
    return [...movedToNextDay(this.#movements(before, before, nowMs), before.faults)];
  }

  #movements(target: StatementTarget, plan: StatementPlan | null, nowMs: number): StatementLine[] {
    const { books } = this.#options;
    const { fromMs, untilMs, readyAtMs } = dayBounds(target.day);
    const isCut = plan !== null && nowMs < readyAtMs;
    const endMs = isCut ? Math.min(untilMs, plan.cutAtMs + 1) : untilMs;
    books.settle(nowMs);
    return movementsOf(books, target, { fromMs, untilMs: endMs }, nowMs);
  }
}

function keyOf({ channel, account, day }: StatementTarget): string {
  return `${channel}/${account}/${day}`;
}

function isLate({ faults, askCount }: StatementPlan, nowMs: number): boolean {
  const late = faults.find(({ fault }) => fault === 'late');
  if (late === undefined) return false;
  return late.untilMs === null ? askCount <= late.count : nowMs < late.untilMs;
}

/** The bytes of one version, and the digest that the channel tells of it: that of the whole file. */
function fileOf(
  target: StatementTarget,
  lines: readonly StatementLine[],
  plan: StatementPlan | null,
): { body: Buffer; sha256: string } {
  const isHit = (name: StatementFaultName) =>
    plan?.faults.some(({ fault, count }) => fault === name && plan.servedCount < count) === true;
  const whole = Buffer.from(statementText(target, lines, isHit('corrupt_totals')));
  const sha256 = createHash('sha256').update(whole).digest('hex');
  const body = isHit('corrupt') ? whole.subarray(0, Math.floor((whole.length * 2) / 3)) : whole;
  return { body, sha256 };
}
