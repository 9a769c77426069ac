/**
 * Notifications that were forged or altered on their way, and genuine ones in every legal form. Both
 * come without end and from a seed, so that the same run can be made again, in process and over HTTP.
 */
import { FORGED_BODIES } from './forged-bodies.ts';
import { FORGED_SEALS } from './forged-seals.ts';
import { GENUINE_FORMS } from './genuine-shapes.ts';
import type { ExpectedOutcome } from './genuine-shapes.ts';
import { drawNotification, seededRandom } from './notification-draw.ts';
import type { NotificationSource, Sent } from './notification-draw.ts';

export type { NotificationSource, Sent } from './notification-draw.ts';

export type ForgedNotification = Sent & { readonly shape: string };
export type GenuineNotification = Sent & {
  readonly shape: string;
  readonly outNo: string;
  readonly expected: ExpectedOutcome;
};

const FORGERIES = { ...FORGED_SEALS, ...FORGED_BODIES };

/** The names of all forged shapes; a count of as many covers each of them once. */
export const FORGED_SHAPES: readonly string[] = Object.keys(FORGERIES);
/** The names of all legal forms. */
export const GENUINE_SHAPES: readonly string[] = Object.keys(GENUINE_FORMS);

/**
 * `count` notifications that must be refused, each made from a genuine one of the source and made
 * only when it is taken, because their times are of the moment. The shapes take turns.
 */
export function* forgedNotifications(
  seed: number,
  count: number,
  genuine: NotificationSource,
): Generator<ForgedNotification> {
  const random = seededRandom(seed);
  const shapes = Object.entries(FORGERIES);
  for (let made = 0; made < count; made++) {
    const [shape, forge] = shapes[made % shapes.length] ?? ['', null];
    if (!forge) throw new Error('there are no forged shapes');
    yield { shape, ...forge(drawNotification(genuine, random, made), random) };
  }
}

/** `count` notifications that must be authentic, with what each says; the forms take turns. */
export function* genuineNotifications(
  seed: number,
  count: number,
  source: NotificationSource,
): Generator<GenuineNotification> {
  const random = seededRandom(seed);
  const forms = Object.entries(GENUINE_FORMS);
  for (let made = 0; made < count; made++) {
    const [shape, form] = forms[made % forms.length] ?? ['', null];
    if (!form) throw new Error('there are no genuine forms');
    const drawn = drawNotification(source, random, made);
    yield { shape, outNo: drawn.order.outNo, ...form(drawn, random) };
  }
}

/** Headers as Node's HTTP server hands them on: lower case, repeated ones joined by a comma. */
export function asReceived({ headers }: Sent): Record<string, string> {
  const received: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    received[key] = Object.hasOwn(received, key) ? `${received[key]}, ${value}` : value;
  }
  return received;
}
