/**
 * One seed: a world with two processes of the platform, its channels, payers and merchants. First a
 * time of faults, then a time without, in which everything must heal; then the audit.
 */
import { POLICY_DEFAULT } from '../core/policy.ts';
import { isOpen } from '../core/channel-order.ts';
import { readChannelOrderNo } from '../core/id.ts';
import { JobTable } from '../store/memory-jobs.ts';
import { firstQueryMs } from './accounts.ts';
import { acknowledgedCheck } from './acknowledged-check.ts';
import { audit } from './auditor.ts';
import { SimulatedBrake } from './brake.ts';
import { SimulatedChannels } from './channel.ts';
import type { SimulatedDays } from './day-end.ts';
import type { Coupling } from '../runtime/config.ts';
import { COUPLINGS } from '../runtime/config.ts';
import type { FaultRates } from './fault-kinds.ts';
import type { FaultControl } from './faults.ts';
import { Faults, swarmRates } from './faults.ts';
import { noteMarks } from './mark-watch.ts';
import { Marks } from './marks.ts';
import { endpointsOf, Merchants } from './merchants.ts';
import { NotificationCourier } from './notification-courier.ts';
import { Operators } from './operators.ts';
import { Payers } from './payers.ts';
import { Randomness } from './prng.ts';
import type { Durable, Sabotage } from './process.ts';
import { PlatformProcess } from './process.ts';
import { readableOf } from './told.ts';
import { checkOwned } from './job-check.ts';
import type { SimulatedBooks } from './simulated-books.ts';
import { openSimulatedBooks } from './simulated-books.ts';
import type { PlantedFault, TrueMovement } from './statements.ts';
import { SimulatedStatements } from './statements.ts';
import { truthCheck } from './truth-check.ts';
import type { TwinStores } from './twin.ts';
import { Twin } from './twin.ts';
import { World } from './world.ts';

export type SimulationOptions = {
  readonly seed: number;
  readonly payments: number;
  /** How the books are coupled; each in turn, as the seed says, unless it is named. */
  readonly coupling?: Coupling;
  /** Rates instead of those that the seed draws. */
  readonly rates?: FaultRates;
  readonly sabotage?: Sabotage;
  /** What is decided beside the dice: for shrinking, and for single crashes. */
  readonly control?: FaultControl;
  /** Another store, empty, that must answer the same as the one in memory. */
  readonly twin?: TwinStores;
  /** Plays whole days and their statements, on the database of the twin. */
  readonly days?: SimulatedDays;
  /** Of the payments only these, by their place. */
  readonly onlyPayments?: ReadonlySet<number>;
  readonly trace?: (line: string) => void;
};

export type SimulatedViolation = {
  readonly id: string;
  readonly words: string;
  readonly atMs: number;
};

export type SimulationResult = {
  readonly seed: number;
  readonly coupling: Coupling;
  readonly payments: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Important situations that were reached, and how often. */
  readonly marks: Readonly<Record<string, number>>;
  /** Messages that one book in a database of its own took in from the other, by type. */
  readonly messages: Readonly<Record<string, number>>;
  /** How payments and refunds ended: so many `payment.succeeded`, and so on. */
  readonly ends: Readonly<Record<string, number>>;
  readonly events: number;
  /** What was wrong with statements; empty where days are not simulated. */
  readonly plantedInStatements: readonly PlantedFault[];
  /** Every movement in the channels' own books, by day; empty likewise. */
  readonly movements: readonly TrueMovement[];
  readonly violations: readonly SimulatedViolation[];
  readonly traceHash: string;
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START_MS = Date.UTC(2026, 10, 24, 15, 50);
/** While faults last: arrivals, and the longest validity with its margin. */
const FAULTY_MS = 45 * MINUTE;
/** After that: every plan of questions, and the whole ladder of notices. */
const HEALING_MS = 5 * DAY;
/** Workers scan every half minute; of those scans only such are played as may find something. */
const SCANS_AFTER_MS = [45_000, 2 * MINUTE, 10 * MINUTE, HOUR];
const PROCESS_COUNT = 2;
const PROCESS_SKEW_MS = 400;
const CHANNEL_SKEW_MS = 2_000;
const VIOLATIONS_MAX = 20;
/** Ten times what a run takes. */
const EVENTS_MAX = 50_000;
const EVENTS_PER_PAYMENT_MAX = 10_000;

/** Runs one seed to its end. The same options give the same result, event by event. */
export async function runSimulation(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  await simulation.run();
  return simulation.result();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #coupling: Coupling;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #marks = new Marks();
  readonly #channels: SimulatedChannels;
  readonly #merchants: Merchants;
  readonly #processes: PlatformProcess[] = [];
  readonly #books: SimulatedBooks;
  readonly #twin: Twin | null;
  readonly #statements: SimulatedStatements | null;
  readonly #durable: Durable;
  readonly #violations: SimulatedViolation[] = [];

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#coupling = options.coupling ?? couplingOf(options.seed);
    const random = new Randomness(options.seed);
    this.#world = new World(random, START_MS, options.trace ?? null);
    this.#faults = new Faults(random, options.rates ?? swarmRates(random), options.control);
    const skewMs = random.between('skew:channels', -CHANNEL_SKEW_MS, CHANNEL_SKEW_MS);
    const report = this.#report.bind(this);
    const marks = this.#marks;
    const common = { world: this.#world, faults: this.#faults, marks };
    const { seed } = options;
    const hasStatements = options.days !== undefined;
    this.#channels = new SimulatedChannels({ ...common, seed, skewMs, report, hasStatements });
    this.#statements = hasStatements
      ? new SimulatedStatements({ ...common, channels: this.#channels })
      : null;
    this.#twin = options.twin ? new Twin(this.#world, report) : null;
    const processOf = (site: string): PlatformProcess => this.#processOf(site);
    const read = (paymentId: string) => this.#books.tables.find(paymentId);
    const operators = new Operators({ ...common, read, processOf });
    const brake = new SimulatedBrake(this.#world, this.#faults, marks);
    const checkTruth = truthCheck({ channels: this.#channels, brake, marks, report });
    this.#books = openSimulatedBooks(this.#coupling, {
      ...common,
      endpointsOf,
      twin: options.twin && this.#twin ? { twin: this.#twin, stores: options.twin } : null,
      onMessageLost: () => {
        for (const afterMs of SCANS_AFTER_MS) this.#lookAt(this.#world.nowMs + afterMs);
      },
      checks: {
        report,
        marks,
        nowMs: () => this.#world.nowMs,
        checkTruth: (before, after) => {
          checkTruth(before, after);
          noteMarks(before, after, marks);
        },
        onCommitted: (written) => {
          for (const one of written) operators.see(one);
          this.#wakeWorkers();
        },
      },
    });
    this.#durable = {
      brake,
      marks,
      books: this.#books,
      storedNotifications: new JobTable(),
      keptBodies: new Set(),
      nextDueAtMs: () => this.#nextDueAtMs(),
    };
    const payers = new Payers(this.#world, this.#channels);
    this.#merchants = new Merchants(this.#world, this.#faults, marks, payers, processOf);
    this.#carryNotifications(processOf);
  }

  /** Somebody does from now on, by himself. */
  #carryNotifications(processOf: (site: string) => PlatformProcess): void {
    const { tables } = this.#books;
    const check = acknowledgedCheck({
      report: this.#report.bind(this),
      find: (no) => tables.find(readChannelOrderNo(no)?.paymentId ?? '') ?? undefined,
      isKept: (body) => this.#durable.keptBodies.has(body),
    });
    void new NotificationCourier(this.#world, this.#faults, this.#channels, processOf, check);
  }

  async run(): Promise<void> {
    for (let at = 0; at < PROCESS_COUNT; at++) this.#addProcess(`p${at + 1}`);
    const { payments, onlyPayments, days } = this.#options;
    const dayCount = days?.count ?? 0;
    for (let at = 0; at < payments; at++) {
      if (!onlyPayments || onlyPayments.has(at)) void this.#merchants.sell(at, dayCount);
    }
    const faultsEndMs = START_MS + dayCount * DAY + FAULTY_MS;
    const endMs = faultsEndMs + HEALING_MS;
    // A quiet platform still looks around once a day.
    for (let atMs = START_MS + FAULTY_MS + DAY; atMs < endMs; atMs += DAY) this.#lookAt(atMs);
    await this.#runUntil(faultsEndMs);
    this.#world.note('the faults end');
    this.#faults.end();
    await this.#runUntil(endMs);
    if (days) await this.#clearUp();
    else await this.#reconcile();
    this.#audit();
  }

  /** I18: it comes to rest. Whoever tries the same thing in vain for ever uses up all events. */
  async #runUntil(untilMs: number): Promise<void> {
    const eventsMax = EVENTS_MAX + this.#options.payments * EVENTS_PER_PAYMENT_MAX;
    const isOver = await this.#world.runUntil(untilMs, eventsMax);
    if (!isOver) this.#report('I18', 'the platform does not come to rest');
  }

  /** Idle workers look around. */
  #lookAt(atMs: number): void {
    this.#world.at(atMs, 'a look around', () => this.#wakeWorkers(this.#world.nowMs));
  }

  result(): SimulationResult {
    const { seed, payments } = this.#options;
    return {
      seed,
      coupling: this.#coupling,
      payments,
      faults: this.#faults.counts,
      marks: this.#marks.counts,
      messages: this.#marks.messages,
      ends: this.#ends(),
      events: this.#world.eventCount,
      plantedInStatements: this.#statements?.planted ?? [],
      movements: this.#statements?.everything() ?? [],
      violations: this.#violations,
      traceHash: this.#world.traceHash,
    };
  }

  #ends(): Record<string, number> {
    const names = this.#books.tables
      .all()
      .flatMap(({ payment }) => [
        `payment.${payment.status}`,
        ...payment.refunds.map((one) => `refund.${one.status}`),
      ]);
    const byName = Map.groupBy(names, (name) => name);
    return Object.fromEntries([...byName].map(([name, all]) => [name, all.length]));
  }

  #addProcess(name: string): void {
    const { random } = this.#world;
    const { days: simulated } = this.#options;
    const statements = this.#statements;
    const twin = this.#twin;
    const days = simulated && statements && twin ? { simulated, statements, twin } : null;
    const process = new PlatformProcess({
      name,
      world: this.#world,
      faults: this.#faults,
      channels: this.#channels,
      durable: this.#durable,
      policy: POLICY_DEFAULT,
      merchants: this.#merchants,
      sabotage: this.#options.sabotage ?? {},
      days,
      skewMs: random.between(`skew:${name}`, -PROCESS_SKEW_MS, PROCESS_SKEW_MS),
    });
    this.#processes.push(process);
    process.start();
  }

  #processOf(site: string): PlatformProcess {
    const at = this.#world.random.between(`balance:${site}`, 0, this.#processes.length - 1);
    const process = this.#processes[at];
    if (!process) throw new Error('there is no process');
    return process;
  }

  #nextDueAtMs(): number | null {
    const dues = [
      this.#books.tables.nextDueAtMs(FIRST_QUERY_MS),
      this.#durable.storedNotifications.nextDueAtMs(),
    ].filter((dueAtMs) => dueAtMs !== null);
    return dues.length === 0 ? null : Math.min(...dues);
  }

  #wakeWorkers(atMs: number | null = this.#nextDueAtMs()): void {
    if (atMs === null) return;
    const { random, nowMs } = this.#world;
    for (const process of this.#processes) {
      process.wakeAt(Math.max(nowMs, atMs) + random.between('worker:wake', 1, 100));
    }
  }

  /** A person fetches once more every statement that was rewritten, and the days that follow from it. */
  async #clearUp(): Promise<void> {
    const rewritten = this.#statements?.planted.filter(
      ({ kind }) => kind === 'statement_rewritten',
    );
    for (const { channel, account, day } of rewritten ?? []) {
      const site = `rewritten:${channel}/${account}:${day}`;
      void this.#processOf(site).serve(async ({ dayEnd, connectors }) => {
        const connector = connectors.get(channel, account);
        if (connector) await dayEnd?.reconciler.fetchDay(connector, day);
      }, HOUR);
    }
    await this.#runUntil(this.#world.nowMs + DAY);
  }

  /**
   * Stands for the day's end: an order that waits for a statement is asked about once more, as
   * reconciliation does before it believes any file; and so is a refund that a person gave up.
   */
  async #reconcile(): Promise<void> {
    for (const { payment, orders } of this.#books.tables.all()) {
      const isWaiting = orders.some((order) => isOpen(order) && order.awaitsStatement);
      const refunds = orders.flatMap((order) => order.refunds);
      const isGivenUp = refunds.some((one) => one.failure?.code === 'given_up');
      if (!isWaiting && !isGivenUp) continue;
      const { merchantNumber, id: paymentId } = payment;
      void this.#merchants.sync({ merchantNumber, paymentId });
    }
    await this.#runUntil(this.#world.nowMs + 2 * DAY);
  }

  #audit(): void {
    const { tables } = this.#books;
    const aggregates = tables.all();
    for (const one of aggregates) checkOwned(one, tables, this.#report.bind(this));
    this.#books.checkAtRest();
    const orders = aggregates.flatMap((one) => one.orders);
    const byNo = new Map(orders.map((order) => [order.channelOrderNo, order]));
    const { refunds } = this.#merchants;
    audit(
      {
        books: {
          charges: this.#channels.charges(),
          refunds: this.#channels.desk.all().filter((one) => one.state === 'SUCCESS'),
          stateOf: (orderNo) => {
            const order = byNo.get(orderNo);
            if (!order) return 'NOT_EXIST';
            return this.#channels.truth(order.channel, order.account, orderNo).state;
          },
        },
        payments: aggregates.map(readableOf),
        told: this.#merchants.told,
        acknowledged: this.#merchants.acknowledged,
        acknowledgedRefunds: refunds.acknowledged,
      },
      this.#report.bind(this),
    );
  }

  #report(id: string, words: string): void {
    this.#world.note(`VIOLATION ${id} ${words}`);
    if (this.#violations.length >= VIOLATIONS_MAX) return;
    this.#violations.push({ id, words, atMs: this.#world.nowMs - START_MS });
  }
}

/** The coupling of a seed that names none: each of them in turn. */
export function couplingOf(seed: number): Coupling {
  return COUPLINGS[seed % COUPLINGS.length] ?? 'together';
}

const FIRST_QUERY_MS = firstQueryMs(POLICY_DEFAULT);
