import { type FileMap, importGraph } from './imports.ts';

/** Every ring of imports, imports of types included. */
export function importCycles(files: FileMap): string[] {
  const graph = importGraph(files, null);
  const done = new Set<string>();
  const broken: string[] = [];
  const walk = (path: string, trail: string[]) => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      const ring = [...trail.slice(start), path].join(' → ');
      broken.push(
        `${ring}: an import cycle; move what both need into a file of its own, below both`,
      );
      return;
    }
    if (done.has(path)) return;
    for (const target of graph.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return broken;
}
