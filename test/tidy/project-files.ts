import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FileMap } from './imports.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = /\.(?:m?[jt]sx?|json|sql|md|ya?ml|sh|csv|txt|html|css)$|(?:^|\/)(?:run|\.[a-z]+)$/u;

/** Every text file of the project that git tracks or would track. Throws where git or the repository is missing. */
export function projectFiles(): FileMap {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const paths = list.split('\0').filter((path) => text.test(path) && existsSync(`${root}/${path}`));
  return new Map(paths.sort().map((path) => [path, readFileSync(`${root}/${path}`, 'utf8')]));
}
