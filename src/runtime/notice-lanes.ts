/**
 * Lanes: each endpoint gets so many notices at a time and no more, so that one that is dead or slow
 * holds up nobody but itself. A lane that was slow is not waited for until it has been quick again.
 * A busy one that answers quickly gets another place with each answer, up to a limit of its own:
 * nobody is sent more at once than it has shown to take.
 */
export type LaneOptions = {
  /** Places of a lane at first, and again after it was slow. */
  readonly inFlightAtFirst: number;
  readonly inFlightMax: number;
  /** An exchange that takes longer than this makes its lane a slow one. */
  readonly slowAfterMs: number;
  /** How long notices without a place rest: the first time, and, doubling each time, at the most. */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
};

/** A place in a lane, to be left exactly once. */
export type Place = { leave(durationMs: number): void };

export type Lane = {
  isSlow(): boolean;
  /**
   * Runs `start` with a place, at once or when one is left. False when there is none to wait for:
   * the lane is full and slow. `owner` is whoever may give up waiting, all at once.
   */
  enter(owner: object, start: (place: Place) => void): boolean;
  /** Ends the waiting of one owner; a lane whose exchanges are still under way then is a slow one. */
  giveUp(owner: object): void;
  /** How long those who got no place should rest; longer each time, until the lane is quick again. */
  restMs(): number;
};

export type Lanes = { lane(name: string): Lane };

/** Beyond this number, lanes in which nothing happens are forgotten. */
const LANES_KEPT_MAX = 10_000;

/** A set of lanes, made as they are needed. */
export function newLanes(options: LaneOptions): Lanes {
  const lanes = new Map<string, Lane & { isIdle(): boolean }>();
  return {
    lane: (name) => {
      const known = lanes.get(name);
      if (known) return known;
      if (lanes.size >= LANES_KEPT_MAX) {
        for (const [other, lane] of lanes) if (lane.isIdle()) lanes.delete(other);
      }
      const lane = newLane(options);
      lanes.set(name, lane);
      return lane;
    },
  };
}

type Waiting = { readonly owner: object; readonly start: (place: Place) => void };

function newLane(options: LaneOptions): Lane & { isIdle(): boolean } {
  let inFlight = 0;
  let places = options.inFlightAtFirst;
  let isSlow = false;
  let restMs = options.pauseMs;
  let waiting: Waiting[] = [];

  const take = (start: (place: Place) => void): void => {
    inFlight += 1;
    start({
      leave: (durationMs) => {
        inFlight -= 1;
        isSlow = durationMs > options.slowAfterMs;
        if (isSlow) places = options.inFlightAtFirst;
        else {
          restMs = options.pauseMs;
          if (waiting.length > 0) places = Math.min(places + 1, options.inFlightMax);
        }
        admit();
      },
    });
  };
  const admit = (): void => {
    for (const next of waiting.splice(0, Math.max(0, places - inFlight))) take(next.start);
  };

  return {
    isSlow: () => isSlow,
    isIdle: () => inFlight === 0 && waiting.length === 0,
    enter: (owner, start) => {
      if (inFlight < places) take(start);
      else if (isSlow) return false;
      else waiting.push({ owner, start });
      return true;
    },
    giveUp: (owner) => {
      isSlow ||= inFlight > 0;
      if (isSlow) places = options.inFlightAtFirst;
      waiting = waiting.filter((one) => one.owner !== owner);
    },
    restMs: () => {
      const now = restMs;
      restMs = Math.min(restMs * 2, options.pauseMsMax);
      return now;
    },
  };
}
