/** `.tieout/dev.json`: what the last `tieout dev` left for tools and for the next start. */
import { existsSync, readFileSync } from 'node:fs';
import { UsageError } from './command.ts';

export type DevFile = {
  readonly api: string;
  readonly sandbox: string;
  readonly merchant: string;
  readonly secret_key: string;
  readonly operator_key: string;
  readonly webhook_secret: string;
  readonly sandbox_secret: string;
};

/** Reads the file; null when there is none. Throws a `UsageError` for one that is not whole. */
export function readDevFile(path: string): DevFile | null {
  if (!existsSync(path)) return null;
  const value = parsed(readFileSync(path, 'utf8'));
  if (isDevFile(value)) return value;
  throw new UsageError({
    en: `${path} is damaged: remove it, and tieout dev makes a new one, with a new merchant.`,
    zh: `${path} 已损坏：请删除它，tieout dev 会重新生成，并新建商户。`,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const NAMES = [
  'api',
  'sandbox',
  'merchant',
  'secret_key',
  'operator_key',
  'webhook_secret',
  'sandbox_secret',
];

function isDevFile(value: unknown): value is DevFile {
  if (typeof value !== 'object' || value === null) return false;
  const entries = new Map<string, unknown>(Object.entries(value));
  return NAMES.every((name) => typeof entries.get(name) === 'string');
}
