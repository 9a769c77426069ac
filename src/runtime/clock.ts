/**
 * Time. `now` is the wall clock plus an offset that only sandbox mode ever moves, so that a day can
 * pass in a second and every process agrees on it. No SQL reads a clock of its own.
 */
export type Clock = {
  readonly nowMs: () => number;
  /** Resolves after so many milliseconds of real time, or at once when `signal` aborts. */
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
};

export type OffsetClock = Clock & {
  offsetMs: number;
  /** The wall clock without the offset: for what others check with a clock of their own. */
  readonly wallMs: () => number;
};

/** The wall clock with a movable offset, in milliseconds. */
export function offsetClock(): OffsetClock {
  const clock: OffsetClock = {
    offsetMs: 0,
    wallMs: () => Date.now(),
    nowMs: () => Date.now() + clock.offsetMs,
    sleep: async (durationMs, signal) => {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, durationMs);
        if (signal?.aborted) done();
        else signal?.addEventListener('abort', done, { once: true });
      });
    },
  };
  return clock;
}
