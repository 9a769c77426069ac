/** What every command of the CLI has in common: arguments in, words out, an exit code. */
import { parseArgs } from 'node:util';

/** 0 done · 1 failed · 2 usage, or a file that cannot be read · 3 not found. */
export type ExitCode = 0 | 1 | 2 | 3;

export type Flag = {
  readonly type: 'string' | 'boolean';
  readonly help: string;
  /** Shown in `--help` as the value's name. */
  readonly value?: string;
};

export type Invocation = {
  readonly positionals: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly json: boolean;
  readonly lang: 'zh' | 'en';
};

export type Command = {
  readonly name: string;
  /** `<order number>` and the like; empty when the command takes none. */
  readonly takes: string;
  readonly summary: string;
  readonly flags: Readonly<Record<string, Flag>>;
  run(invocation: Invocation): Promise<ExitCode>;
};

/** A mistake of the caller: one sentence, exit code 2 (or 3 when something was not found). */
export class UsageError extends Error {
  readonly exitCode: ExitCode;
  constructor(sentence: string, exitCode: ExitCode = 2) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

const COMMON: Readonly<Record<string, Flag>> = {
  json: { type: 'boolean', help: 'Answer in JSON, one object a line' },
  lang: { type: 'string', value: 'zh|en', help: 'Language of the words' },
  help: { type: 'boolean', help: 'Show this help' },
};

/** Parses the arguments of a command; an unknown flag is a usage error that names it. */
export function readInvocation(command: Command, args: readonly string[]): Invocation | 'help' {
  const flags = { ...command.flags, ...COMMON };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type }]) => [name, { type }]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(
      `${error instanceof Error ? error.message : String(error)} (see tieout ${command.name} --help)`,
    );
  }
  const values: Record<string, string | boolean | undefined> = {};
  for (const [name, value] of Object.entries(parsed.values)) {
    if (!Array.isArray(value)) values[name] = value;
  }
  if (values.help === true) return 'help';
  const lang = values.lang ?? (process.env.LANG?.startsWith('zh') ? 'zh' : 'en');
  if (lang !== 'zh' && lang !== 'en')
    throw new UsageError(`--lang must be zh or en, not ${String(lang)}.`);
  return { positionals: parsed.positionals, flags: values, json: values.json === true, lang };
}

/** The help text of one command. */
export function helpOf(command: Command): string {
  const rows = Object.entries({ ...command.flags, ...COMMON }).map(
    ([name, flag]) => `  --${`${name} ${flag.value ?? ''}`.padEnd(24)} ${flag.help}`,
  );
  return `usage: tieout ${command.name} ${command.takes}\n\n${command.summary}\n\n${rows.join('\n')}`;
}

/** A whole number given as a flag, or the default; anything else is a usage error that names the flag. */
export function integerFlag(
  { flags }: Invocation,
  name: string,
  absent: number,
  bounds: { readonly min: number; readonly max: number },
): number {
  const text = flags[name];
  if (text === undefined) return absent;
  const value = Number(text);
  if (Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value;
  throw new UsageError(
    `--${name} must be a whole number from ${bounds.min} to ${bounds.max}, not ${String(text)}.`,
  );
}
