/** Words on the terminal: a progress bar where somebody is looking, plain lines in a pipe. */

/** Prints one line for people to stderr, so that stdout carries only results. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints one line of the result to stdout. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export type Progress = {
  update(done: number): void;
  end(): void;
};

const BAR_WIDTH = 28;
const LINE_EVERY_MS = 5_000;

/** A bar with count, rate and time left on a terminal; a line every five seconds elsewhere. */
export function newProgress(label: string, total: number): Progress {
  const startedAtMs = performance.now();
  const isTerminal = process.stderr.isTTY;
  let shownAtMs = startedAtMs;
  const show = (done: number): string => {
    const seconds = (performance.now() - startedAtMs) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const left = rate > 0 ? Math.ceil((total - done) / rate) : 0;
    const filled = total > 0 ? Math.round((done / total) * BAR_WIDTH) : BAR_WIDTH;
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    const counts = `${done.toLocaleString('en')}/${total.toLocaleString('en')}`;
    return `${label.padEnd(22)} ${isTerminal ? `${bar} ` : ''}${counts}  ${Math.round(rate)}/s  ${left} s left`;
  };
  return {
    update: (done) => {
      const nowMs = performance.now();
      if (isTerminal && nowMs - shownAtMs > 80) process.stderr.write(`\r\u001b[K${show(done)}`);
      else if (!isTerminal && nowMs - shownAtMs > LINE_EVERY_MS) say(show(done));
      else return;
      shownAtMs = nowMs;
    },
    end: () => {
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      const line = `${label.padEnd(22)} ${total.toLocaleString('en')} in ${seconds} s`;
      process.stderr.write(isTerminal ? `\r\u001b[K${line}\n` : `${line}\n`);
    },
  };
}

/** Rows under a head, columns padded to their widest cell; wide (CJK) characters count double. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, at) =>
    Math.max(widthOf(name), ...rows.map((row) => widthOf(row[at] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += /[\u1100-\u115f\u2e80-\uffdc]/.test(character) ? 2 : 1;
  return width;
}
