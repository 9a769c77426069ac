import { type FileMap, importsOf } from './imports.ts';

const foundation = ['core'];
const middle = [...foundation, 'statements', 'channels', 'store', 'runtime'];
const faces = [...middle, 'api', 'cashier'];
const outer = [...faces, 'platform.ts', 'sandbox', 'simulator', 'cli'];

/** What a file of each folder of src/ may import, besides its own folder. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  // How a statement file is unpacked, decoded and read; what stands in it is the channels' knowledge.
  statements: foundation,
  channels: [...foundation, 'statements'],
  store: [...foundation, 'statements'],
  runtime: [...foundation, 'statements', 'channels', 'store'],
  api: middle,
  cashier: middle,
  sandbox: [],
  simulator: foundation,
  // The wiring of one running platform, which several commands start.
  'platform.ts': faces,
  cli: outer,
  'main.ts': outer,
};

/**
 * What the simulator may borrow: the world's own books and its statement files, the store in memory, and the runtime, which it
 * runs on a clock and a channel of its own; of the channels only the port, never a connector.
 */
const simulatorMay =
  /^src\/(?:sandbox\/(?:books?\b|books?-|notification\b|statements\b|fee-rule\b)|store\/(?:store\.ts|book-databases\.ts|memory\b)|channels\/connector\.ts|runtime\/)/u;

const auditor = /^src\/sandbox\/auditor(?:-[a-z-]+)?\.ts$/u;

/** Which layer a file belongs to: a folder of src/, `main.ts`, or the top folder outside src/. */
function layerOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  return top === 'src' ? second : top;
}

/** Imports that point against the direction of ARCHITECTURE: core ← channels, store ← runtime ← api, cashier ← cli, main. */
export function brokenLayers(files: FileMap): string[] {
  const broken: string[] = [];
  for (const [path, text] of files) {
    if (!path.startsWith('src/') || !path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
    const layer = layerOf(path);
    const may = allowed[layer];
    if (may === undefined) {
      broken.push(
        `${path}: the folder ${layer} has no place in the layers; move the file, or name the folder in test/tidy/layers.ts`,
      );
      continue;
    }
    for (const target of importsOf(path, text)) {
      if (target.path === null || target.isProgram || isAllowed(path, layer, may, target.path))
        continue;
      broken.push(
        `${path} imports ${target.path}: ${layer} may import ${[layer, ...may].join(', ')} only; turn the dependency round, or pass the thing in`,
      );
    }
  }
  return broken;
}

function isAllowed(path: string, layer: string, may: readonly string[], target: string): boolean {
  // The auditor of the sandbox judges us, so its files share nothing with anybody else.
  if (auditor.test(path)) return auditor.test(target);
  if (layer === 'cli' && target.startsWith('bench/')) return true;
  if (target === 'package.json') return true;
  if (target.endsWith('.test.ts') || !target.startsWith('src/')) return false;
  const other = layerOf(target);
  if (other === layer || may.includes(other)) return true;
  return layer === 'simulator' && simulatorMay.test(target);
}
