import { posix } from 'node:path';
import type { FileMap } from './imports.ts';

const bannedNames = new Set([
  'index',
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'types',
  'misc',
]);

/** Files and folders whose name says nothing about what is inside, and names that are not kebab-case. */
export function bannedFileNames(files: FileMap): string[] {
  const broken: string[] = [];
  for (const path of files.keys()) {
    if (!path.endsWith('.ts')) continue;
    const parts = path.split('/').map((part) => part.replace(/(?:\.test)?\.ts$/u, ''));
    for (const part of parts) {
      if (bannedNames.has(part)) {
        broken.push(`${path}: “${part}” names nothing; name the file after what it exports`);
      }
    }
    const name = posix.basename(path, '.ts');
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config))?$/u.test(name)) {
      broken.push(`${path}: file names are kebab-case nouns; rename it`);
    }
  }
  return broken;
}

const bannedWords: readonly (readonly [RegExp, string])[] = [
  // In code, XXX is the ISO 4217 code for no currency.
  [/\b(?:TODO|FIXME|HACK)\b|(?<=(?:\/\/|\*|--).*)\bXXX\b/u, 'do it now, or open an issue'],
  [/@ts-(?:ignore|expect-error|nocheck)/u, 'mend the type'],
  [/\bas any\b|<any>/u, 'give it its type, or unknown'],
  [/\b(?:oxlint|eslint|biome)-(?:disable|ignore)|\bbiome-ignore/u, 'mend what the lint found'],
  [/\b(?:it|test|describe)\.(?:only|skip|todo|fails|skipIf|runIf)\b/u, 'a test runs, always'],
  [/\b(?:xit|xdescribe|fit|fdescribe)\(/u, 'a test runs, always'],
];

/** Words that postpone work or silence a check. The folder of these rules has to spell them out. */
export function bannedWordsUsed(files: FileMap): string[] {
  const broken: string[] = [];
  for (const [path, text] of files) {
    if (!/\.(?:m?[jt]sx?|sql)$/u.test(path) || path.startsWith('test/tidy')) continue;
    for (const [number, line] of text.split('\n').entries()) {
      for (const [pattern, mend] of bannedWords) {
        const word = pattern.exec(line)?.[0];
        if (word) broken.push(`${path}:${number + 1} says “${word}”: ${mend}`);
      }
    }
  }
  return broken;
}

const workplace = /\/(?:work|root)\/|\/tmp\/notes|\bshared\/(?:reference|design|mission)/u;

/** Paths of the machine somebody worked on. */
export function workplacePaths(files: FileMap): string[] {
  const broken: string[] = [];
  for (const [path, text] of files) {
    if (path.startsWith('test/tidy')) continue;
    for (const [number, line] of text.split('\n').entries()) {
      const found = workplace.exec(line)?.[0];
      if (found) {
        broken.push(
          `${path}:${number + 1} names ${found}: a path of one workplace; make it relative`,
        );
      }
    }
  }
  return broken;
}

const linesMax = 400;

/** Source files too long to be read in one sitting. */
export function longFiles(files: FileMap): string[] {
  const broken: string[] = [];
  for (const [path, text] of files) {
    if (!/\.m?ts$/u.test(path)) continue;
    const lines = text.split('\n').length - 1;
    if (lines > linesMax) {
      broken.push(
        `${path}: ${lines} lines, at most ${linesMax}; split it where the subject changes`,
      );
    }
  }
  return broken;
}
