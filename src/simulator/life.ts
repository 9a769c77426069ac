/**
 * One life of a process. Everything that it awaits goes through here, so that after its death nothing
 * of it ever resumes. What it had sent before goes on without it: a commit that is under way is
 * executed, and only its answer has nobody to arrive at.
 */
import type { Clock } from '../runtime/clock.ts';
import type { KillPoint } from '../runtime/kill-point.ts';
import type { FaultKind } from './fault-kinds.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

/** How long a process stands still (a pause of its machine, a stopped container): longer than any lease. */
const PAUSE_MS = [15_000, 90_000] as const;

/** Until a server notices that a connection broke off. */
const BROKEN_OFF_MS = [0, 2_000] as const;

/** Thrown at a kill point, to stop what was running; nobody lives who could catch it. */
class Death extends Error {}

export class Life {
  readonly name: string;
  readonly world: World;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly #onDeath: () => void;
  readonly #atEnd = new Set<() => void>();
  #isAlive = true;

  /** `skewMs` is how far the clock of its machine is off. */
  constructor(name: string, world: World, faults: Faults, skewMs: number, onDeath: () => void) {
    this.name = name;
    this.world = world;
    this.faults = faults;
    this.#onDeath = onDeath;
    this.clock = {
      nowMs: () => world.nowMs + skewMs,
      sleep: async (durationMs, signal) => await this.sleep(durationMs, signal),
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** The process dies here and now. */
  die(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.world.note(`${this.name} dies`);
    for (const run of this.#atEnd) this.#miss(run);
    this.#onDeath();
  }

  #miss(run: () => void): void {
    const noticedMs = this.world.random.between('life:broken_off', ...BROKEN_OFF_MS);
    this.world.after(noticedMs, `${this.name} is missed`, run);
  }

  /**
   * What the other side does some time after the process has died, also where it learns only then what
   * it did for it. Answers how to forget it.
   */
  atEnd(run: () => void): () => void {
    if (!this.#isAlive) this.#miss(run);
    this.#atEnd.add(run);
    return () => this.#atEnd.delete(run);
  }

  /** Whether a fault hits this process; a dead one meets none. */
  hits(kind: FaultKind, site: string): boolean {
    return this.#isAlive && this.faults.hits(kind, `${this.name}:${site}`);
  }

  readonly killPoint = (point: KillPoint): void => {
    if (!this.hits('crash_at_point', point)) return;
    this.die();
    throw new Death(point);
  };

  /** Runs something soon, in this life. */
  soon(run: () => void): void {
    this.world.after(this.world.random.between('life:soon', 0, 2), `${this.name} soon`, () => {
      if (this.#isAlive) run();
    });
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    await this.awaits(
      new Promise<void>((resolve) => {
        const timer = this.world.after(durationMs, `${this.name} sleep`, resolve);
        const wake = (): void => {
          timer.cancel();
          resolve();
        };
        if (signal?.aborted) wake();
        else signal?.addEventListener('abort', wake, { once: true });
      }),
    );
  }

  /** The result of something outside of the process; never comes to a dead one. */
  async awaits<T>(outside: Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      void this.#pass(outside, resolve, reject);
    });
  }

  async #pass<T>(
    outside: Promise<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): Promise<void> {
    try {
      const value = await outside;
      if (this.#isAlive) resolve(value);
    } catch (error) {
      if (this.#isAlive) reject(error);
    }
  }

  /**
   * One exchange with the world outside: it leaves, something happens there, and the answer comes
   * back, each in its own time. The process may die before it leaves, and while it is away.
   */
  async exchange<T>(
    site: string,
    legMs: readonly [number, number],
    act: () => Promise<T>,
  ): Promise<T> {
    if (!this.#isAlive) return await new Promise<T>(() => {});
    if (this.hits('crash', `${site}:before`)) this.die();
    if (!this.#isAlive) return await new Promise<T>(() => {});
    const value = await this.awaits(this.#travel(site, legMs, act));
    // The answer is there; nothing that follows from it has been done.
    if (this.hits('crash', `${site}:answered`)) this.die();
    if (!this.#isAlive) return await new Promise<T>(() => {});
    return value;
  }

  async #travel<T>(
    site: string,
    legMs: readonly [number, number],
    act: () => Promise<T>,
  ): Promise<T> {
    const { random } = this.world;
    const legOf = (): number => random.between(`leg:${site}`, ...legMs);
    await this.world.sleep(legOf(), `${this.name} ${site}`);
    const value = await act();
    if (this.hits('crash', `${site}:sent`)) this.die();
    if (this.hits('process_pause', site)) {
      await this.world.sleep(
        random.between(`pause:${site}`, ...PAUSE_MS),
        `${this.name} stands still`,
      );
    }
    await this.world.sleep(legOf(), `${this.name} ${site} answer`);
    return value;
  }
}
