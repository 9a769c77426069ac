import { type FileMap, importsOf } from './imports.ts';
import { readSourceText } from './source-text.ts';

/** The world outside: a clock, chance, or I/O. `Date.parse` and `new Date(ms)` are no exception: zones and formats live there. */
const impure =
  /\b(?:Date|Math\.random|performance|process|globalThis|setTimeout|setInterval|setImmediate|queueMicrotask|console|fetch|crypto|Intl|Temporal|import\.meta|require)\b/gu;

/** What in src/core/ is not a pure function of its arguments. Its tests are free. */
export function impureCore(files: FileMap): string[] {
  const broken: string[] = [];
  for (const [path, text] of files) {
    if (!path.startsWith('src/core/') || !path.endsWith('.ts') || path.endsWith('.test.ts'))
      continue;
    for (const target of importsOf(path, text)) {
      if (target.path?.startsWith('src/core/')) continue;
      broken.push(
        `${path} imports ${target.written}: the core imports only itself; pass what it needs as an argument`,
      );
    }
    for (const match of readSourceText(text).withoutStrings.matchAll(impure)) {
      // A property or key of that name is a word of ours.
      if (isProperty(text, match.index, match[0].length)) continue;
      broken.push(
        `${path}:${lineAt(text, match.index)} uses ${match[0]}: the core has no clock, no chance and no I/O; pass the value in`,
      );
    }
  }
  return broken;
}

function isProperty(text: string, from: number, length: number): boolean {
  return /\.\s*$/u.test(text.slice(0, from)) || /^\??\s*:/u.test(text.slice(from + length));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
