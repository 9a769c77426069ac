/** Words on the terminal: a progress bar where somebody is looking, plain lines in a pipe. */
import type { Lang } from './words.ts';

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

const LABEL_WIDTH = 22;
const PROGRESS_WORDS = {
  en: {
    perSecond: '/s',
    left: (seconds: number | null) => (seconds === null ? 'starting' : `${seconds} s left`),
    end: (total: string, seconds: string) => `${total} in ${seconds} s`,
  },
  zh: {
    perSecond: '/秒',
    left: (seconds: number | null) => (seconds === null ? '正在开始' : `约剩 ${seconds} 秒`),
    end: (total: string, seconds: string) => `共 ${total}，用时 ${seconds} 秒`,
  },
} as const;
const BAR_WIDTH = 28;
const LINE_EVERY_MS = 5_000;

/** A bar with count, rate and time left on a terminal; a line every five seconds elsewhere. */
export function newProgress(label: string, total: number, lang: Lang = 'en'): Progress {
  const words = PROGRESS_WORDS[lang];
  const startedAtMs = performance.now();
  const isTerminal = process.stderr.isTTY;
  let shownAtMs = startedAtMs;
  const show = (done: number): string => {
    const seconds = (performance.now() - startedAtMs) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const left = rate > 0 ? Math.ceil((total - done) / rate) : null;
    const filled = total > 0 ? Math.round((done / total) * BAR_WIDTH) : BAR_WIDTH;
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    const counts = `${done.toLocaleString('en')}/${total.toLocaleString('en')}`;
    const pace = `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}${words.perSecond}`;
    return `${padded(label, LABEL_WIDTH)} ${isTerminal ? `${bar} ` : ''}${counts}  ${pace}  ${words.left(left)}`;
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
      const line = `${padded(label, LABEL_WIDTH)} ${words.end(total.toLocaleString('en'), seconds)}`;
      process.stderr.write(isTerminal ? `\r\u001b[K${line}\n` : `${line}\n`);
    },
  };
}

/** Rows under a head, columns padded to their widest cell; those of `numbersAt` stand to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbersAt: readonly number[] = [],
): string {
  const widths = head.map((name, at) =>
    Math.max(widthOf(name), ...rows.map((row) => widthOf(row[at] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => padded(cell, widths[at] ?? 0, numbersAt.includes(at)))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Names and values under each other, the values in one column. */
export function pairs(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => widthOf(name)));
  return rows.map(([name, value]) => `${padded(name, width)}   ${value}`).join('\n');
}

/** Filled with blanks to a width in which wide (CJK) characters count double. */
export function padded(text: string, width: number, isRight = false): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
  return isRight ? blanks + text : text + blanks;
}

function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += /[\u1100-\u115f\u2e80-\uffdc]/.test(character) ? 2 : 1;
  return width;
}
