import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { EmbeddedPostgresUnavailable, otherwise } from './unavailable.ts';

/** What a running server says of itself in its `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly sockets: string;
  readonly status: string;
}

/** Reads the server's own note; null when there is none, or it is half written. Format: pidfile.h of PostgreSQL. */
export function readPostmaster(data: string): Postmaster | null {
  let text: string;
  try {
    text = readFileSync(join(data, 'postmaster.pid'), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code !== 'EACCES') throw error;
    throw new EmbeddedPostgresUnavailable(
      `The database in ${data} belongs to another user: choose another folder with TIEOUT_DATA_DIR, ${otherwise}.`,
    );
  }
  const [pid = '', , , port = '', sockets = '', , , status = ''] = text.split('\n');
  if (!/^\d+$/u.test(pid)) return null;
  return { pid: Number(pid), port: Number(port), sockets, status: status.trim() };
}

/** Whether a process of this number runs. One that is dead and that its parent has not collected yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // In a container whose first process collects nobody, the dead keep their numbers for ever.
  return stateOf(pid) !== 'Z';
}

/** The letter Linux gives to the state of a process (proc(5)); null where nothing can be read. */
function stateOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? null;
  } catch {
    return null;
  }
}

/** The running server of this cluster, if it is ready and answers on its socket. */
export async function findReady(data: string): Promise<Postmaster | null> {
  const found = readPostmaster(data);
  if (found === null || found.status !== 'ready' || !isAlive(found.pid)) return null;
  return (await answers(join(found.sockets, `.s.PGSQL.${found.port}`))) ? found : null;
}

/** SSLRequest of the PostgreSQL protocol, which a server answers with one byte before it knows who asks. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const answerMsMax = 2_000;

/** Whether a server speaks there. That a connection opens proves nothing: a process being killed still lets one in. */
async function answers(socketPath: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(socketPath);
    const settle = (spoke: boolean) => {
      socket.destroy();
      resolve(spoke);
    };
    socket.setTimeout(answerMsMax, () => settle(false));
    socket.once('connect', () => socket.write(sslRequest));
    socket.once('data', () => settle(true));
    socket.once('end', () => settle(false));
    socket.once('error', () => settle(false));
  });
}

/**
 * Removes a `postmaster.pid` whose number belongs to a process that is no server of this cluster: after a restart of a
 * container the numbers come round again, and PostgreSQL alone would refuse for ever. Backends that still live are found
 * by PostgreSQL itself, through the shared memory of the data directory. Only Linux can tell; answers whether it removed.
 */
export function removeForeignPostmaster(data: string): boolean {
  const found = readPostmaster(data);
  if (found === null || process.platform !== 'linux' || mayWorkIn(found.pid, data)) return false;
  rmSync(join(data, 'postmaster.pid'), { force: true });
  return true;
}

/** Whether the working directory of a process, which for a server is its data directory, may be this one. */
function mayWorkIn(pid: number, data: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === data;
  } catch (error) {
    // Gone, or dead and not collected; of any other process that may not be looked at, the worst is supposed.
    return !['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}
