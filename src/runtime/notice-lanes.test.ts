import { describe, expect, test } from 'vitest';
import type { Lane, Place } from './notice-lanes.ts';
import { newLanes } from './notice-lanes.ts';

const OPTIONS = {
  inFlightAtFirst: 2,
  inFlightMax: 4,
  slowAfterMs: 100,
  pauseMs: 1_000,
  pauseMsMax: 4_000,
};
const ME = {};

function openLane(): Lane {
  return newLanes(OPTIONS).lane('we_1');
}

/** Enters so often; answers the places that were given, as they are given. */
function enter(lane: Lane, count: number, owner: object = ME): Place[] {
  const places: Place[] = [];
  for (let at = 0; at < count; at++) lane.enter(owner, (place) => places.push(place));
  return places;
}

describe('a lane', () => {
  test('gives its places in turn, as others leave', () => {
    const places = enter(openLane(), 4);
    expect(places).toHaveLength(2);
    places[0]?.leave(101);
    expect(places).toHaveLength(3);
    places[1]?.leave(101);
    expect(places).toHaveLength(4);
  });

  test('gets one more place with each quick answer while others wait, up to its limit', () => {
    const places = enter(openLane(), 12);
    const given = [0, 1, 2, 3].map((at) => {
      places[at]?.leave(100);
      return places.length - at - 1;
    });
    expect(given).toEqual([3, 4, 4, 4]);
  });

  test('has the places of the beginning again once it was slow', () => {
    const lane = openLane();
    const places = enter(lane, 5);
    for (const at of [0, 1]) places[at]?.leave(5);
    expect(places).toHaveLength(5);
    for (const place of places.slice(2)) place.leave(101);
    expect(enter(lane, 5)).toHaveLength(2);
  });

  test('is the same one by the same name, and apart from all others', () => {
    const lanes = newLanes(OPTIONS);
    expect(enter(lanes.lane('a'), 3)).toHaveLength(2);
    expect(enter(lanes.lane('a'), 1)).toHaveLength(0);
    expect(enter(lanes.lane('b'), 1)).toHaveLength(1);
  });

  test('that was slow gives no hope when it is full, until it is quick again', () => {
    const lane = openLane();
    const [first] = enter(lane, 2);
    first?.leave(101);
    expect(lane.isSlow()).toBe(true);
    const [second] = enter(lane, 1);
    expect(lane.enter(ME, () => {})).toBe(false);
    second?.leave(100);
    expect(lane.isSlow()).toBe(false);
  });

  test('forgets who gave up, and only those, and counts as slow while others are under way', () => {
    const lane = openLane();
    const other = {};
    const [first, second] = enter(lane, 2);
    const mine = enter(lane, 1);
    const others = enter(lane, 1, other);
    lane.giveUp(ME);
    expect(lane.isSlow()).toBe(true);
    first?.leave(5);
    second?.leave(5);
    expect([mine.length, others.length]).toEqual([0, 1]);
  });

  test('sends away for longer each time, up to its maximum, until it is quick again', () => {
    const lane = openLane();
    expect([1, 2, 3, 4].map(() => lane.restMs())).toEqual([1_000, 2_000, 4_000, 4_000]);
    enter(lane, 1)[0]?.leave(5);
    expect(lane.restMs()).toBe(1_000);
  });
});
