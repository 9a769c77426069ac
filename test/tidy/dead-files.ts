import { type FileMap, importGraph } from './imports.ts';

/**
 * Source files that nothing needs: not reached from src/main.ts, run.mjs, bench/, test/, or the test of another file.
 * A file used only by its own test is dead too.
 */
export function deadFiles(files: FileMap): string[] {
  const graph = importGraph(files, 'programs');
  const alive = new Set<string>();
  const reach = (path: string, tested: string | null) => {
    if (alive.has(path)) return;
    alive.add(path);
    for (const target of graph.get(path) ?? []) if (target !== tested) reach(target, null);
  };
  for (const path of graph.keys()) {
    if (path === 'src/main.ts' || /^(?:bench|test)\//u.test(path)) reach(path, null);
    else if (path.endsWith('.test.ts')) reach(path, path.replace(/\.test\.ts$/u, '.ts'));
  }
  const dead = [...graph.keys()].filter((path) => path.startsWith('src/') && !alive.has(path));
  return dead.map(
    (path) =>
      `${path}: nothing but its own test needs it; use it from src/main.ts on, or delete it`,
  );
}
