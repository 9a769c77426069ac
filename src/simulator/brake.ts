/**
 * The brake on automatic money out, as the database keeps it: a limit per account and hour, and a switch.
 * It remembers what it let pass, so that nothing leaves without it.
 */
import { POLICY_DEFAULT } from '../core/policy.ts';
import type { Brake } from '../runtime/perform.ts';
import { accountName } from '../store/store.ts';
import type { Faults } from './faults.ts';
import type { Marks } from './marks.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;
const SWITCH_MS = 10 * 60_000;
/** So few that a second duplicate in the same hour is held back. */
const LOW_LIMIT = 1;

type Spending = Omit<Parameters<Brake>[0], 'isReleased'>;

export class SimulatedBrake {
  readonly #world: World;
  readonly #faults: Faults;
  readonly #marks: Marks;
  readonly #limit: number;
  readonly #spent = new Map<string, number>();
  readonly #passed = new Map<string, number>();

  constructor(world: World, faults: Faults, marks: Marks) {
    this.#world = world;
    this.#faults = faults;
    this.#marks = marks;
    const isLow = faults.hits('brake_limit', 'run');
    this.#limit = isLow ? LOW_LIMIT : POLICY_DEFAULT.automaticRefundsPerHourMax;
  }

  /** One spending, as a transaction of the database answers it. */
  spend(spending: Spending): 'allowed' | 'switched_off' | 'limit_reached' {
    const account = accountName(spending);
    const { nowMs } = this.#world;
    if (this.#faults.hitsOnce('brake_switch', `${account}:${Math.floor(nowMs / SWITCH_MS)}`)) {
      this.#marks.reach('refund_held_back');
      return 'switched_off';
    }
    const hour = `${account}:${spending.currency}:${Math.floor(nowMs / HOUR_MS)}`;
    const spent = this.#spent.get(hour) ?? 0;
    if (spent >= this.#limit) {
      this.#marks.reach('refund_held_back');
      return 'limit_reached';
    }
    this.#spent.set(hour, spent + 1);
    const kind = passKey(spending);
    this.#passed.set(kind, (this.#passed.get(kind) ?? 0) + 1);
    return 'allowed';
  }

  /** Takes one pass away; false when there is none: money leaves that the brake never saw. */
  takePass(spending: Spending): boolean {
    const kind = passKey(spending);
    const left = this.#passed.get(kind) ?? 0;
    this.#passed.set(kind, left - 1);
    return left > 0;
  }
}

function passKey(spending: Spending): string {
  return `${accountName(spending)}:${spending.currency}:${spending.amountMinor}`;
}
