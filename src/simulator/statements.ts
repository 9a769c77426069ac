/**
 * The statements of the simulated channels, day by day: every movement of money that a channel's own books
 * have, told in the sandbox's format, and the ways in which such a file is late, unreadable, wrong or
 * rewritten. What was planted is written down, so that each lie can be asked for by name afterwards.
 */
import {
  addDays,
  businessDayBounds,
  businessDayOf,
  CHINA_DAY,
  DAY_MS,
} from '../core/reconciliation/business-day.ts';
import { feeMinorOf } from '../sandbox/fee-rule.ts';
import type { StatementLine } from '../sandbox/statements.ts';
import { byTime, statementText } from '../sandbox/statements.ts';
import { accountName } from '../store/store.ts';
import type { SimulatedAccount } from './accounts.ts';
import { ACCOUNTS } from './accounts.ts';
import type { SimulatedChannels } from './channel.ts';
import type { FaultKind } from './fault-kinds.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

/** When a statement is ready as a rule, in minutes after its day. */
export const READY_AT_MINUTES = 9 * 60;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** From a little later than usual to beyond everybody's patience. */
const LATE_MS = [5 * MINUTE, 40 * HOUR] as const;
const UNREADABLE_MAX = 3;
/** No channel's own number begins with it. */
const INVENTED = '9';

/** One thing that is wrong with a statement. */
export type PlantedFault = {
  readonly kind: FaultKind;
  readonly channel: string;
  readonly account: string;
  readonly day: string;
  /** What it is about, as the channel's books or the lie have it; null where it is about the file. */
  readonly line: StatementLine | null;
  /** How long the file is late. */
  readonly lateMs: number;
};

/** A movement in a channel's own books. */
export type TrueMovement = {
  readonly account: string;
  readonly day: string;
  readonly line: StatementLine;
};

export type StatementAnswer =
  | { readonly type: 'not_ready' | 'no_trades' }
  | { readonly type: 'file'; readonly text: string };

type Day = {
  readonly readyAtMs: number;
  /** So many fetches bring a file that cannot be read. */
  readonly unreadableCount: number;
  /** What the first version says, and all others. */
  readonly versions: readonly [readonly StatementLine[], readonly StatementLine[]];
  /** Lines that the channel counts to the next day. */
  readonly moved: readonly StatementLine[];
  fetchCount: number;
};

export type StatementsOptions = {
  readonly world: World;
  readonly faults: Faults;
  readonly channels: SimulatedChannels;
};

export class SimulatedStatements {
  readonly planted: PlantedFault[] = [];
  readonly #options: StatementsOptions;
  readonly #days = new Map<string, Day>();
  readonly #startMs: number;
  /** Orders about which some statement says what is not so. */
  readonly #liedAbout = new Set<string>();

  constructor(options: StatementsOptions) {
    this.#options = options;
    this.#startMs = options.channels.nowMs;
  }

  /**
   * The platform asks for the statement of a day. A file that is there is made once, from the books as
   * they are then, and told again the same; after the first version that could be read the true one
   * follows, where the first one was to be rewritten.
   */
  ask(account: SimulatedAccount, day: string): StatementAnswer {
    const { nowMs } = this.#options.channels;
    const { untilMs } = businessDayBounds(day, CHINA_DAY);
    if (nowMs < untilMs + READY_AT_MINUTES * MINUTE) return { type: 'not_ready' };
    const made = this.#dayOf(account, day);
    if (nowMs < made.readyAtMs) return { type: 'not_ready' };
    const readCount = made.fetchCount - made.unreadableCount;
    const lines = made.versions[readCount > 0 ? 1 : 0];
    made.fetchCount += 1;
    if (lines.length === 0) return { type: 'no_trades' };
    const target = { channel: account.channel, account: account.account, day };
    if (readCount >= 0) return { type: 'file', text: statementText(target, lines, false) };
    const isCut = this.#options.world.random.chance(`statement:${nameOf(account, day)}`, 0.5);
    const text = statementText(target, lines, !isCut);
    return { type: 'file', text: isCut ? text.slice(0, (text.length * 2) / 3) : text };
  }

  /**
   * Whether a statement says of this order what is not so. Of such an order its channel always answers: a
   * statement that is wrong about money is believed only by whoever cannot ask, and that is the rule.
   */
  liesAbout(outNo: string): boolean {
    return this.#liedAbout.has(outNo);
  }

  /** Whether any statement so far says of an order what is not so. */
  get hasLies(): boolean {
    return this.#liedAbout.size > 0;
  }

  /** Every movement of every channel up to the last day that is over. */
  everything(): TrueMovement[] {
    const { nowMs } = this.#options.channels;
    const all: TrueMovement[] = [];
    const first = businessDayOf(this.#startMs, CHINA_DAY);
    const last = businessDayOf(nowMs, CHINA_DAY);
    for (const account of ACCOUNTS) {
      for (let day = first; day < last; day = addDays(day, 1)) {
        const lines = this.#movements(account, day);
        all.push(...lines.map((line) => ({ account: accountName(account), day, line })));
      }
    }
    return all;
  }

  #dayOf(account: SimulatedAccount, day: string): Day {
    const name = nameOf(account, day);
    const known = this.#days.get(name);
    if (known) return known;
    const { untilMs } = businessDayBounds(day, CHINA_DAY);
    const before = untilMs - DAY_MS > this.#startMs ? this.#dayOf(account, addDays(day, -1)) : null;
    const own = this.#movements(account, day);
    const moved = own.filter(
      (line) => line.kind === 'payment' && this.#plant('statement_line_moved', account, day, line),
    );
    const lines = [...(before?.moved ?? []), ...own.filter((line) => !moved.includes(line))];
    const late = this.#late(account, day);
    const made: Day = {
      readyAtMs: untilMs + READY_AT_MINUTES * MINUTE + late,
      unreadableCount: lines.length > 0 ? this.#unreadable(account, day) : 0,
      versions: this.#versions(account, day, lines),
      moved,
      fetchCount: 0,
    };
    this.#days.set(name, made);
    return made;
  }

  #late(account: SimulatedAccount, day: string): number {
    const { world, faults } = this.#options;
    const name = nameOf(account, day);
    if (!faults.hits('statement_late', name)) return 0;
    const lateMs = world.random.between(`late:${name}`, ...LATE_MS);
    this.#note('statement_late', account, day, null, lateMs);
    return lateMs;
  }

  #unreadable(account: SimulatedAccount, day: string): number {
    if (!this.#plant('statement_unreadable', account, day, null)) return 0;
    return this.#options.world.random.between(`cut:${nameOf(account, day)}`, 1, UNREADABLE_MAX);
  }

  #versions(
    account: SimulatedAccount,
    day: string,
    lines: readonly StatementLine[],
  ): Day['versions'] {
    const later = [
      ...lines.flatMap((line) => this.#told(account, day, line)),
      ...this.#invented(account, day, lines),
    ].sort(byTime);
    const { untilMs } = businessDayBounds(day, CHINA_DAY);
    const rewritten = later.filter(
      (line) =>
        line.kind === 'payment' &&
        line.atMs < untilMs &&
        !this.#liedAbout.has(line.orderNo) &&
        this.#plant('statement_rewritten', account, day, line),
    );
    const first = later.flatMap((line) => {
      if (!rewritten.includes(line)) return [line];
      const isLost = this.#options.world.random.chance(`rewritten:${line.transactionNo}`, 0.5);
      if (isLost) return [];
      this.#liedAbout.add(line.orderNo);
      return [{ ...line, amountMinor: line.amountMinor + 1 }];
    });
    return [first, later];
  }

  /** What stands in the file where a movement should stand. One line has one fault. */
  #told(account: SimulatedAccount, day: string, line: StatementLine): StatementLine[] {
    if (line.kind !== 'payment') return [line];
    // Where only the statement can tell of it, it tells.
    const mayLack = !this.#options.channels.mustArrive(line.orderNo);
    if (mayLack && this.#plant('statement_line_lost', account, day, line)) return [];
    if (this.#plant('statement_line_repeated', account, day, line)) return [line, line];
    if (this.#plant('statement_line_off', account, day, line)) {
      this.#liedAbout.add(line.orderNo);
      return [{ ...line, amountMinor: line.amountMinor + 1 }];
    }
    if (account.feeBasisPoints !== null && this.#plant('statement_fee_off', account, day, line)) {
      return [{ ...line, feeMinor: line.feeMinor + 1 }];
    }
    return [line];
  }

  /** Lines of what never happened: under a number of nobody, a second charge, a refund at no console. */
  #invented(
    account: SimulatedAccount,
    day: string,
    lines: readonly StatementLine[],
  ): StatementLine[] {
    const { faults, world } = this.#options;
    const name = nameOf(account, day);
    const model = lines.findLast(({ kind }) => kind === 'payment');
    if (!model || !faults.hits('statement_line_invented', name)) return [];
    const transactionNo = INVENTED + model.transactionNo.slice(1);
    const way = world.random.pick(`invented:${name}`, ['stranger', 'charge', 'refund'] as const);
    const line = {
      stranger: { ...model, orderNo: `NOTOURS${day.replaceAll('-', '')}`, transactionNo },
      charge: { ...model, transactionNo },
      refund: { ...model, kind: 'refund' as const, movementNo: `R${transactionNo}`, feeMinor: 0 },
    }[way];
    this.#liedAbout.add(line.orderNo);
    this.#note('statement_line_invented', account, day, line);
    return [line];
  }

  #movements(account: SimulatedAccount, day: string): StatementLine[] {
    const { channels } = this.#options;
    const { fromMs, untilMs } = businessDayBounds(day, CHINA_DAY);
    const isWithin = (atMs: number | null): atMs is number =>
      atMs !== null && atMs >= fromMs && atMs < untilMs;
    const lines: StatementLine[] = [];
    for (const charge of channels.chargesOf(account)) {
      const { outNo: orderNo, tradeNo: transactionNo, amountMinor, currency } = charge;
      const about = { orderNo, refundNo: null, transactionNo, movementNo: null };
      const money = { amountMinor, currency };
      if (isWithin(charge.paidAtMs)) {
        const feeMinor = feeMinorOf('payment', amountMinor);
        lines.push({ kind: 'payment', ...about, ...money, feeMinor, atMs: charge.paidAtMs });
      }
      if (isWithin(charge.reversedAtMs)) {
        lines.push({
          kind: 'reversal',
          ...about,
          ...money,
          feeMinor: 0,
          atMs: charge.reversedAtMs,
        });
      }
    }
    for (const refund of channels.desk.all()) {
      const { outNo: orderNo, tradeNo: transactionNo, refundNo, refundId, endedAtMs } = refund;
      const isMine = refund.channel === account.channel && refund.account === account.account;
      if (!isMine || refund.state !== 'SUCCESS' || !isWithin(endedAtMs)) continue;
      const { amountMinor, currency } = refund;
      const about = { orderNo, refundNo, transactionNo, movementNo: refundId };
      const feeMinor = feeMinorOf('refund', amountMinor);
      lines.push({ kind: 'refund', ...about, amountMinor, currency, feeMinor, atMs: endedAtMs });
    }
    return lines.sort(byTime);
  }

  #plant(
    kind: FaultKind,
    account: SimulatedAccount,
    day: string,
    line: StatementLine | null,
  ): boolean {
    const site = line === null ? nameOf(account, day) : line.transactionNo;
    if (!this.#options.faults.hits(kind, site)) return false;
    this.#note(kind, account, day, line);
    return true;
  }

  #note(
    kind: FaultKind,
    { channel, account }: SimulatedAccount,
    day: string,
    line: StatementLine | null,
    lateMs = 0,
  ): void {
    const about = line === null ? '' : ` ${line.kind} ${line.transactionNo} of ${line.orderNo}`;
    this.#options.world.note(`${kind} ${channel}/${account} ${day}${about}`);
    this.planted.push({ kind, channel, account, day, line, lateMs });
  }
}

function nameOf({ channel, account }: SimulatedAccount, day: string): string {
  return `${channel}/${account}:${day}`;
}
