/**
 * JSON for money: what JSON.parse lets pass and two readers may understand differently is refused.
 *
 * Refused are a key that occurs twice, the key `__proto__`, NUL and lone surrogates (PostgreSQL cannot
 * hold the one, UTF-8 not the other), bytes that are not UTF-8, and deep nesting.
 */
import { isUtf8 } from 'node:buffer';
import { ApiProblem } from './api-problem.ts';

/** By parsed body: numbers of its top object that were written with a fraction or an exponent. */
const NUMBER_TEXTS = new WeakMap<object, ReadonlyMap<string, string>>();

/** Deeper than any body of ours; shallow enough to be walked. */
const DEPTH_MAX = 8;

/**
 * How a number of a parsed body was written, if not as a plain integer: `19.00` parses to 19, but
 * whoever writes it means major units.
 */
export function fractionalText(body: object, key: string): string | undefined {
  return NUMBER_TEXTS.get(body)?.get(key);
}

/** Parses a body. Throws the problem `malformed_json`. */
export function parseStrictJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw malformed('The body is not UTF-8.');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : 'It cannot be parsed.');
  }
  const numberTexts = inspect(text);
  // Escapes are the only way in for NUL and lone surrogates: raw ones are refused above.
  if (text.includes('\\u')) inspectTexts(value, '');
  if (numberTexts && typeof value === 'object' && value) NUMBER_TEXTS.set(value, numberTexts);
  return value;
}

/** A key as a step of an RFC 6901 pointer. */
export function pointerStep(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

type Level = { readonly pointer: string; readonly keys: Set<string> | null; key: string };

/** Walks a text that is known to be JSON: keys, depth, and how numbers are written. */
function inspect(text: string): Map<string, string> | null {
  const levels: Level[] = [];
  let numberTexts: Map<string, string> | null = null;
  let level: Level | undefined;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22 /* " */) {
      const end = endOfString(text, at + 1);
      if (level?.keys && isKey(text, end + 1)) takeKey(level, text.slice(at, end + 1));
      at = end;
    } else if (code === 0x7b /* { */ || code === 0x5b /* [ */) {
      const pointer: string = level ? level.pointer + pointerStep(level.key) : '';
      if (levels.length >= DEPTH_MAX) {
        throw malformed(
          `It is nested deeper than ${DEPTH_MAX} levels.`,
          pointer,
          'nested_too_deeply',
        );
      }
      level = { pointer, keys: code === 0x7b ? new Set() : null, key: '' };
      levels.push(level);
    } else if (code === 0x7d /* } */ || code === 0x5d /* ] */) {
      levels.pop();
      level = levels.at(-1);
    } else if (code === 0x2d /* - */ || (code >= 0x30 && code <= 0x39)) {
      const end = endOfNumber(text, at + 1);
      const written = text.slice(at, end);
      if (levels.length === 1 && level?.keys && /[.eE]/.test(written)) {
        numberTexts ??= new Map();
        numberTexts.set(level.key, written);
      }
      at = end - 1;
    }
  }
  return numberTexts;
}

function endOfString(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at;
    at += code === 0x5c /* \ */ ? 2 : 1;
  }
}

function endOfNumber(text: string, from: number): number {
  let at = from;
  // In valid JSON a number ends where one of these stands: space, comma, } or ].
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code === 0x2c || code === 0x7d || code === 0x5d) return at;
  }
  return at;
}

/** In valid JSON a string is a key exactly when a colon follows it. */
function isKey(text: string, from: number): boolean {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return text.charCodeAt(at) === 0x3a /* : */;
}

function takeKey(level: Level, quoted: string): void {
  const key = quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
  if (key === '__proto__') throw refusedKey(level, key, 'This key is not allowed.');
  if (level.keys?.has(key)) throw refusedKey(level, key, 'This key occurs twice.');
  level.keys?.add(key);
  level.key = key;
}

function refusedKey(level: Level, key: string, detail: string): ApiProblem {
  return malformed(detail, level.pointer + pointerStep(key), 'key_refused');
}

function inspectTexts(value: unknown, pointer: string): void {
  if (typeof value === 'string') inspectText(value, pointer);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, one] of Object.entries(value)) {
    inspectText(key, pointer);
    inspectTexts(one, pointer + pointerStep(key));
  }
}

function inspectText(text: string, pointer: string): void {
  if (text.includes('\0')) throw malformed('It holds a NUL character.', pointer, 'text_refused');
  if (!text.isWellFormed()) throw malformed('It holds half a character.', pointer, 'text_refused');
}

function malformed(detail: string, pointer?: string, code = 'malformed'): ApiProblem {
  if (pointer === undefined) return new ApiProblem('malformed_json', detail);
  const errors = [{ pointer, code, detail }];
  return new ApiProblem('malformed_json', `${pointer || 'The body'}: ${detail}`, { errors });
}
