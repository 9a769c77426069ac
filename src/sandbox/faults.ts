import {
  CALL_EFFECTS,
  type CallEffect,
  NOTIFY_EFFECTS,
  type NotifyEffect,
  type Operation,
  OPERATIONS,
} from './call-effect.ts';
import { createRandom, type Random } from './random.ts';

/** A fault that somebody asked for: what befalls which calls, how often and how many times. */
export type FaultRule = {
  readonly id: string;
  /** Null: every channel. */
  readonly channel: string | null;
  readonly operation: Operation | 'notify';
  readonly effect: CallEffect | NotifyEffect;
  readonly probability: number;
  /** Null: without end. */
  readonly times: number | null;
  readonly seed: number;
  readonly hits: number;
};

/** A request for a rule that makes no sense; `field` names what is wrong with it. */
export class FaultRuleError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.name = 'FaultRuleError';
    this.field = field;
  }
}

type LiveRule = { rule: FaultRule; readonly random: Random };

/** The fault rules in force. Each draws from its own seeded source, so that a run can be repeated. */
export class Faults {
  readonly #seed: number;
  readonly #rules = new Map<string, LiveRule>();
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * Adds the rule that a control request describes; rules are tried in the order they were added.
   *
   * @throws FaultRuleError when a field is missing, unknown or out of range.
   */
  add(request: Readonly<Record<string, unknown>>): FaultRule {
    const rule = parseRule(request, `fault_${this.#count + 1}`, this.#seed + this.#count + 1);
    this.#count += 1;
    this.#rules.set(rule.id, { rule, random: createRandom(rule.seed) });
    return rule;
  }

  list(): FaultRule[] {
    return [...this.#rules.values()].map(({ rule }) => rule);
  }

  /** Removes one rule, or all of them; answers how many there were. */
  remove(id: string | null): number {
    if (id !== null) return this.#rules.delete(id) ? 1 : 0;
    const count = this.#rules.size;
    this.#rules.clear();
    return count;
  }

  /** What befalls this call by the first rule that applies; null: nothing. */
  drawForCall(channel: string, operation: Operation): CallEffect | null {
    const effect = this.#draw(channel, operation);
    return effect !== null && isCallEffect(effect) ? effect : null;
  }

  /** What befalls this notification by the first rule that applies; null: nothing. */
  drawForNotification(channel: string): NotifyEffect | null {
    const effect = this.#draw(channel, 'notify');
    return effect !== null && !isCallEffect(effect) ? effect : null;
  }

  #draw(channel: string, operation: FaultRule['operation']): FaultRule['effect'] | null {
    for (const live of this.#rules.values()) {
      const { rule } = live;
      if (rule.operation !== operation) continue;
      if (rule.channel !== null && rule.channel !== channel) continue;
      if (rule.times !== null && rule.hits >= rule.times) continue;
      if (live.random() >= rule.probability) continue;
      live.rule = { ...rule, hits: rule.hits + 1 };
      return rule.effect;
    }
    return null;
  }
}

function parseRule(
  request: Readonly<Record<string, unknown>>,
  id: string,
  seedDefault: number,
): FaultRule {
  const { channel = null, operation, effect, probability = 1, times = null, seed } = request;
  if (channel !== null && typeof channel !== 'string') {
    throw new FaultRuleError('channel', 'channel must be a text');
  }
  if (!isOperation(operation)) {
    throw new FaultRuleError('operation', `operation must be ${OPERATIONS.join(', ')} or notify`);
  }
  const allowed: readonly FaultRule['effect'][] =
    operation === 'notify' ? NOTIFY_EFFECTS : CALL_EFFECTS;
  const known = allowed.find((candidate) => candidate === effect);
  if (known === undefined) {
    throw new FaultRuleError(
      'effect',
      `effect of ${operation} must be one of ${allowed.join(', ')}`,
    );
  }
  if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) {
    throw new FaultRuleError('probability', 'probability must lie between 0 and 1');
  }
  if (times !== null && !isCount(times)) {
    throw new FaultRuleError('times', 'times must be a whole number from 1');
  }
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new FaultRuleError('seed', 'seed must be a whole number');
  }
  const drawnFrom = typeof seed === 'number' ? seed : seedDefault;
  return { id, channel, operation, effect: known, probability, times, seed: drawnFrom, hits: 0 };
}

function isOperation(value: unknown): value is FaultRule['operation'] {
  return value === 'notify' || OPERATIONS.some((operation) => operation === value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function isCallEffect(effect: FaultRule['effect']): effect is CallEffect {
  return CALL_EFFECTS.some((candidate) => candidate === effect);
}
