/** What named people did outside of one payment's history, and why. */
import { randomBytes } from 'node:crypto';
import { ID_RANDOM_BYTES, idToUuid, newId } from '../../core/id.ts';
import type { Pool } from './pool.ts';

export type OperatorAct = {
  readonly atMs: number;
  readonly by: string;
  /** `brake.hold`, `merchant.late_payment=accept`: what was done. */
  readonly act: string;
  /** What it was done to. */
  readonly subject: string;
  readonly reason: string;
};

const INSERT = `
  INSERT INTO operator_act (id, at_ms, by_name, act, subject, reason) VALUES ($1, $2, $3, $4, $5, $6)`;
const LIST = `
  SELECT at_ms AS "atMs", by_name AS by, act, subject, reason FROM operator_act
  WHERE subject = ANY ($1) ORDER BY id DESC LIMIT $2`;

/** Writes down what a person did; for ever. */
export async function recordAct(pool: Pool, act: OperatorAct): Promise<void> {
  const id = idToUuid(newId('act', act.atMs, randomBytes(ID_RANDOM_BYTES)));
  const { atMs, by, act: what, subject, reason } = act;
  await pool.query({ text: INSERT, values: [id, atMs, by, what, subject, reason] });
}

/** What was done to any of these, the newest first. */
export async function listActs(
  pool: Pool,
  subjects: readonly string[],
  limit: number,
): Promise<OperatorAct[]> {
  const { rows } = await pool.query<OperatorAct>({ text: LIST, values: [subjects, limit] });
  return rows;
}
