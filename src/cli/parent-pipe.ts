/**
 * Children that end with their parent, however it ends. A child that `world.ts` starts holds the
 * reading end of a pipe; a parent that is killed cannot say goodbye, but its pipe closes.
 */

/** Tells a child that its standard input is that pipe. */
export const PARENT_PIPE = 'TIEOUT_PARENT_PIPE';

/** In such a child: asks this process to stop, gently, once its parent is gone. Elsewhere nothing. */
export function endWithParent(): void {
  if (process.env[PARENT_PIPE] === undefined) return;
  // Whoever this process starts has another parent.
  Reflect.deleteProperty(process.env, PARENT_PIPE);
  process.stdin.once('end', stop).once('error', stop).resume();
  // Listening for the parent is no reason to stay.
  process.stdin.unref();
}

function stop(): void {
  process.kill(process.pid, 'SIGTERM');
}
