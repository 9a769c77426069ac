import { posix } from 'node:path';
import { readSourceText } from './source-text.ts';

/** Path of a file inside the project, with its text. */
export type FileMap = ReadonlyMap<string, string>;

/** One import: as written, and for a relative one the path inside the project that it names. */
export interface Import {
  readonly written: string;
  readonly path: string | null;
  /** Named by a URL only: a program that is started, or a worker. It is needed, and yet no dependency of the code. */
  readonly isProgram: boolean;
}

const importPattern =
  /\b(?:import|export)\b[^'"`;()]*?\bfrom\s*(['"])(?<from>[^'"]+)\1|\bimport\s*(['"])(?<side>[^'"]+)\3|\bimport\s*\(\s*(['"])(?<dynamic>[^'"]+)\5|\bnew\s+URL\(\s*(['"])(?<url>\.[^'"]*\.ts)\7/gu;

/** Every import of a file, those of types and dynamic ones included. */
export function importsOf(path: string, text: string): Import[] {
  const { withoutComments, withoutStrings } = readSourceText(text);
  const found: Import[] = [];
  for (const match of withoutComments.matchAll(importPattern)) {
    // The words stand inside a string when they are blank in the other view.
    if (withoutStrings[match.index] === ' ') continue;
    const groups = match.groups ?? {};
    const written = groups['from'] ?? groups['side'] ?? groups['dynamic'] ?? groups['url'] ?? '';
    const relative = written.startsWith('.');
    found.push({
      written,
      isProgram: groups['url'] !== undefined,
      path: relative ? posix.normalize(posix.join(posix.dirname(path), written)) : null,
    });
  }
  return found;
}

/** Which files of the map each TypeScript file of the map imports, and with `programs` which it starts. */
export function importGraph(files: FileMap, programs: 'programs' | null): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const [path, text] of files) {
    if (!/\.m?[jt]s$/u.test(path)) continue;
    const targets = new Set<string>();
    for (const one of importsOf(path, text)) {
      if (one.path === null || !files.has(one.path)) continue;
      if (!one.isProgram || programs) targets.add(one.path);
    }
    graph.set(path, [...targets]);
  }
  return graph;
}
