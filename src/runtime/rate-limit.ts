/**
 * A token bucket: so many questions per second and account. After an outage everything is due at
 * once, and a channel that is flooded would go down again.
 */
export type RateLimit = {
  /** Takes up to `wanted` tokens; answers how many it got. Never waits. */
  take(wanted: number, nowMs: number): number;
  /** Returns tokens that were not used. */
  giveBack(count: number): void;
};

/** A bucket that holds one second's worth of tokens. */
export function newRateLimit(perSecond: number): RateLimit {
  let tokens = perSecond;
  let filledAtMs: number | null = null;
  return {
    take: (wanted, nowMs) => {
      if (filledAtMs !== null && nowMs > filledAtMs) {
        tokens = Math.min(perSecond, tokens + ((nowMs - filledAtMs) * perSecond) / 1000);
      }
      filledAtMs = nowMs;
      const taken = Math.min(wanted, Math.floor(tokens));
      tokens -= taken;
      return taken;
    },
    giveBack: (count) => {
      tokens = Math.min(perSecond, tokens + count);
    },
  };
}
