/** Reading JSON that money depends on: strict UTF-8, one object, and no field said twice. */
export type JsonReading =
  | {
      readonly type: 'object';
      readonly value: Readonly<Record<string, unknown>>;
      readonly text: string;
    }
  | { readonly type: 'broken'; readonly reason: string; readonly text: string };

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The JSON object in these bytes. One of `uniqueNames` that comes twice in the same object makes it
 * broken: parsers disagree about which of the two counts. Other names may repeat. Never throws.
 */
export function readJsonObject(bytes: Uint8Array, uniqueNames: ReadonlySet<string>): JsonReading {
  const text = decode(bytes);
  if (text === null) {
    const readable = Buffer.from(bytes).toString('utf8');
    return { type: 'broken', reason: 'the body is not UTF-8', text: readable };
  }
  const value = parse(text);
  if (value === undefined) return { type: 'broken', reason: 'the body is not JSON', text };
  if (!isRecord(value)) return { type: 'broken', reason: 'the body is not a JSON object', text };
  const repeated = findRepeatedName(text, uniqueNames);
  if (repeated !== null) {
    return { type: 'broken', reason: `the field ${repeated} comes twice`, text };
  }
  return { type: 'object', value, text };
}

/** Whether a JSON value is an object, and neither null nor a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decode(bytes: Uint8Array): string | null {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Walks a text that is known to be JSON; without recursion, because depth is the sender's choice. */
function findRepeatedName(text: string, names: ReadonlySet<string>): string | null {
  // Sets are made only where a name was met: a body of brackets must not cost a set for each.
  const seen: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') seen.push(null);
    else if (character === '}' || character === ']') seen.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      const name = isName(text, end) ? nameAt(text, at, end) : null;
      at = end;
      if (name === null || !names.has(name)) continue;
      const here = seen.at(-1) ?? new Set<string>();
      if (here.has(name)) return name;
      seen[seen.length - 1] = here.add(name);
    }
  }
  return null;
}

/** Where the string that starts at `from` has its closing quote. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

/** In JSON, a string is a name when a colon follows. */
function isName(text: string, end: number): boolean {
  for (let at = end + 1; at < text.length; at++) {
    const character = text[at];
    if (character !== ' ' && character !== '\t' && character !== '\n' && character !== '\r') {
      return character === ':';
    }
  }
  return false;
}

/** The name as a parser sees it: `"\u0061mount"` is `amount`. */
function nameAt(text: string, from: number, end: number): string {
  const written = text.slice(from + 1, end);
  return written.includes('\\') ? String(JSON.parse(text.slice(from, end + 1))) : written;
}
