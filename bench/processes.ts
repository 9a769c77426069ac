/** CPU time of processes, from /proc (Linux): the figure that a noisy machine disturbs least. */
import { readFileSync, readdirSync } from 'node:fs';

/** Kernel ticks are 10 ms on every Linux we know (USER_HZ = 100). */
const TICK_MS = 10;

/** User and system time of a process so far, in milliseconds; 0 for one that is gone. */
export function cpuMs(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return 0;
  }
}

/** CPU of a PostgreSQL server: the postmaster and everything it started, with what its ended children used. */
export function serverCpuMs(postmasterPid: number): number {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === postmasterPid);
  return (
    cpuMs(postmasterPid) +
    endedChildrenMs(postmasterPid) +
    children.reduce((sum, pid) => sum + cpuMs(pid), 0)
  );
}

function endedChildrenMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}

function parentOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
