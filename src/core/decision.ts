/**
 * What one decision is made of: the context it is made in, and the consequences it collects.
 *
 * The books are functions from state and input to state; what must follow (effects, postings,
 * messages to the other book) is added to the `Consequences` that the caller brought. Nothing here
 * reads a clock or makes an id: both come with the context.
 */
import type { Aggregate } from './aggregate.ts';
import type { Effect, EventType, HistoryEntry } from './effect.ts';
import type { Case, CaseOwner, ExceptionKind } from './exceptions/kind.ts';
import type { Posting } from './journal.ts';
import type { ToChannelBook, ToPaymentBook } from './message.ts';
import type { ChannelRules, Policy } from './policy.ts';
import type { ProblemCode } from './problem.ts';

/** Which of the two books a decision may change; the other one it only sees. */
export type Scope = 'both' | 'payment' | 'channel';

export type Context = {
  readonly nowMs: number;
  readonly scope: Scope;
  /** Whether the books lie in two databases: then each message leaves a trace in both. */
  readonly isApart: boolean;
  readonly policy: Policy;
  /** The rules of a channel account; throws for an account that is not configured. */
  readonly rules: (channel: string, account: string) => ChannelRules;
  /** A fresh TypeID with this prefix. */
  readonly newId: (prefix: string) => string;
};

/** Both books in one database: one decision, one commit. */
export const TOGETHER = { scope: 'both', isApart: false } as const satisfies Partial<Context>;

/** An event before the decision is complete: its snapshot is taken at the end. */
export type PendingEvent = {
  readonly event: EventType;
  readonly subjectKey: string | null;
};

export type Consequences = {
  readonly effects: Effect[];
  readonly events: PendingEvent[];
  readonly postings: Posting[];
  readonly toChannelBook: ToChannelBook[];
  readonly toPaymentBook: ToPaymentBook[];
  readonly cases: Case[];
};

export type Refusal = {
  readonly code: ProblemCode;
  readonly detail: string;
  /** Attempts that must be asked about and closed at their channel before the request can go on. */
  readonly askFirst: readonly number[];
};

export type Decision =
  | {
      readonly type: 'changed';
      readonly aggregate: Aggregate;
      readonly effects: readonly Effect[];
      readonly postings: readonly Posting[];
      readonly history: HistoryEntry;
      /** The attempt that the request reused or opened, when it was a request for a try. */
      readonly attempt: number | null;
      /** Which books it changed; where they lie apart, only those are written. */
      readonly touches: { readonly payment: boolean; readonly channel: boolean };
    }
  /** Nothing new: a repeat of a request, or a copy of a fact. Nothing is written. */
  | { readonly type: 'unchanged'; readonly attempt: number | null }
  | { readonly type: 'refused'; readonly refusal: Refusal };

/** An empty set of consequences over the cases that stand so far. */
export function newConsequences(cases: readonly Case[]): Consequences {
  return {
    effects: [],
    events: [],
    postings: [],
    toChannelBook: [],
    toPaymentBook: [],
    cases: [...cases],
  };
}

export type NewCase = {
  readonly kind: ExceptionKind;
  readonly subject: string;
  readonly attempt: number | null;
  readonly owner: CaseOwner;
  readonly nextAction: string;
  readonly moneyAtRiskMinor: number;
  readonly toldToMerchant: boolean;
};

/** Opens a case, or leaves the open one of the same kind and subject as it is. */
export function openCase(out: Consequences, context: Context, fresh: NewCase): void {
  if (findOpenCase(out, fresh.kind, fresh.subject) >= 0) return;
  const { toldToMerchant, ...described } = fresh;
  out.cases.push({
    ...described,
    id: context.newId('exc'),
    openedAtMs: context.nowMs,
    deadlineAtMs: context.nowMs + context.policy.caseDeadlineMs,
    resolvedAtMs: null,
    resolution: null,
  });
  if (toldToMerchant) {
    out.events.push({ event: 'exception.opened', subjectKey: `${fresh.kind}:${fresh.subject}` });
  }
}

/** Hands an open case to another owner with another next step; does nothing when none is open. */
export function reassignCase(
  out: Consequences,
  kind: ExceptionKind,
  subject: string,
  change: Pick<Case, 'owner' | 'nextAction'>,
): void {
  const at = findOpenCase(out, kind, subject);
  const found = out.cases[at];
  if (found) out.cases[at] = { ...found, ...change };
}

/** Resolves an open case with the words that prove it over; does nothing when none is open. */
export function resolveCase(
  out: Consequences,
  context: Context,
  kind: ExceptionKind,
  subject: string,
  resolution: string,
  toldToMerchant: boolean,
): void {
  const at = findOpenCase(out, kind, subject);
  const found = out.cases[at];
  if (!found) return;
  out.cases[at] = { ...found, resolvedAtMs: context.nowMs, resolution };
  if (toldToMerchant)
    out.events.push({ event: 'exception.resolved', subjectKey: `${kind}:${subject}` });
}

function findOpenCase(out: Consequences, kind: ExceptionKind, subject: string): number {
  return out.cases.findIndex(
    (one) => one.kind === kind && one.subject === subject && one.resolvedAtMs === null,
  );
}
