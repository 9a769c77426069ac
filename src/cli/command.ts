/** What every command of the CLI has in common: arguments in, words out, an exit code. */
import { parseArgs } from 'node:util';
import type { Lang, Words } from './words.ts';
import { languageFrom } from './words.ts';

/** 0 done · 1 failed · 2 usage, or a file that cannot be read · 3 not found. */
export type ExitCode = 0 | 1 | 2 | 3;

export type Flag = {
  readonly type: 'string' | 'boolean';
  readonly help: Words;
  /** Shown in `--help` as the value's name. */
  readonly value?: string;
};

export type Invocation = {
  readonly positionals: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly json: boolean;
  readonly lang: Lang;
};

export type Command = {
  readonly name: string;
  /** `<order number>` and the like; empty when the command takes none. */
  readonly takes: string;
  /** How many words may follow the command; more are a usage error. */
  readonly takesMax: number;
  readonly summary: Words;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Whole command lines without `tieout`, for `--help`. */
  readonly examples: readonly string[];
  run(invocation: Invocation): Promise<ExitCode>;
};

/** A mistake of the caller: one sentence, exit code 2 (or 3 when something was not found). */
export class UsageError extends Error {
  readonly exitCode: ExitCode;
  readonly words: Words;
  constructor(words: Words, exitCode: ExitCode = 2) {
    super(words.en);
    this.words = words;
    this.exitCode = exitCode;
  }
}

const COMMON: Readonly<Record<string, Flag>> = {
  json: {
    type: 'boolean',
    help: { en: 'Answer in JSON, one object a line', zh: '以 JSON 输出，每行一个对象' },
  },
  lang: { type: 'string', value: 'zh|en', help: { en: 'Language of the words', zh: '输出语言' } },
  help: { type: 'boolean', help: { en: 'Show this help', zh: '显示本帮助' } },
};

/** Parses the arguments of a command; whatever is wrong is a usage error that names it and says what to write. */
export function readInvocation(command: Command, args: readonly string[]): Invocation | 'help' {
  const flags = { ...command.flags, ...COMMON };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type }]) => [
      name,
      { type, ...(name === 'help' && { short: 'h' }) },
    ]),
  );
  // Not strict: the parser's own sentences are in one language, and mistake a negative number for a flag.
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return 'help';
  const values: Record<string, string | boolean | undefined> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind === 'option') readFlag(command, flags, token, values);
  }
  refuseRest(command, positionals);
  const { lang } = values;
  if (lang !== undefined && lang !== 'zh' && lang !== 'en') {
    throw new UsageError({
      en: `--lang must be zh or en, not ${JSON.stringify(lang)}.`,
      zh: `--lang 只能是 zh 或 en，不能是 ${JSON.stringify(lang)}。`,
    });
  }
  return {
    positionals,
    flags: values,
    json: values.json === true,
    lang: lang ?? languageFrom([], process.env),
  };
}

type OptionToken = {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function readFlag(
  command: Command,
  flags: Readonly<Record<string, Flag>>,
  { name, rawName, value, inlineValue }: OptionToken,
  values: Record<string, string | boolean | undefined>,
): void {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (!flag) {
    const known = Object.keys(flags).map((one) => `--${one}`);
    throw new UsageError({
      en: `There is no option ${rawName}; tieout ${command.name} knows ${known.join(', ')}.`,
      zh: `没有选项 ${rawName}；tieout ${command.name} 支持 ${known.join('、')}。`,
    });
  }
  if (values[name] !== undefined) {
    throw new UsageError({
      en: `--${name} is given twice; give it once.`,
      zh: `--${name} 给了两次，只需一次。`,
    });
  }
  if (flag.type === 'boolean') {
    if (value !== undefined) {
      throw new UsageError({
        en: `--${name} takes no value; leave out ${JSON.stringify(value)}.`,
        zh: `--${name} 不带值；请去掉 ${JSON.stringify(value)}。`,
      });
    }
    values[name] = true;
    return;
  }
  // A flag where a value should stand: the value was forgotten.
  if (value === undefined || value === '' || (inlineValue !== true && value.startsWith('--'))) {
    const pattern = `--${name} ${flag.value ?? 'VALUE'}`;
    throw new UsageError({
      en: `--${name} needs a value: ${pattern}.`,
      zh: `--${name} 缺少值，应为：${pattern}。`,
    });
  }
  values[name] = value;
}

function refuseRest({ name, takes, takesMax }: Command, positionals: readonly string[]): void {
  const first = positionals[takesMax];
  if (first === undefined) return;
  const usage = `tieout ${name} ${takes}`.trimEnd();
  throw new UsageError({
    en: `${JSON.stringify(first)} is too much: the command is ${usage} [options].`,
    zh: `多余的参数 ${JSON.stringify(first)}；用法：${usage} [选项]。`,
  });
}

const EXIT_CODES: Words = {
  en: 'exit codes: 0 done · 1 failed · 2 usage, or a file that cannot be read · 3 not found',
  zh: '退出码：0 完成 · 1 失败 · 2 用法错误或文件无法读取 · 3 未找到',
};

/** The help text of one command. */
export function helpOf(command: Command, lang: Lang): string {
  const rows = Object.entries({ ...command.flags, ...COMMON }).map(
    ([name, flag]) => `  --${`${name} ${flag.value ?? ''}`.padEnd(24)} ${flag.help[lang]}`,
  );
  const usage = `tieout ${command.name} ${command.takes}`.trimEnd();
  const titles =
    lang === 'zh'
      ? { usage: '用法：', options: '[选项]', examples: '示例：' }
      : { usage: 'usage: ', options: '[options]', examples: 'examples:' };
  return [
    `${titles.usage}${usage} ${titles.options}`,
    '',
    command.summary[lang],
    '',
    ...rows,
    '',
    titles.examples,
    ...command.examples.map((example) => `  tieout ${example}`),
    '',
    EXIT_CODES[lang],
  ].join('\n');
}

/** A whole number given as a flag, or the default; anything else is a usage error that names the flag. */
export function integerFlag(
  { flags }: Invocation,
  name: string,
  absent: number,
  bounds: { readonly min: number; readonly max: number },
): number {
  const text = flags[name];
  return text === undefined ? absent : integerIn(`--${name}`, String(text), bounds);
}

/** A whole number in plain digits from a flag or a variable; anything else is a usage error that names it. */
export function integerIn(
  name: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError({
    en: `${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}.`,
    zh: `${name} 必须是 ${min} 到 ${max} 之间的整数，不能是 ${JSON.stringify(text)}。`,
  });
}

/** A port from a variable of the environment, or the default. */
export function portFrom(env: NodeJS.ProcessEnv, name: string, absent: number): number {
  const text = env[name];
  return text === undefined || text === ''
    ? absent
    : integerIn(name, text, { min: 1, max: 65_535 });
}

/** The verb of a command that has several, or a usage error that lists them. */
export function verbOf<T extends string>(
  command: string,
  verbs: readonly T[],
  [given]: readonly string[],
): T {
  const verb = verbs.find((one) => one === given);
  if (verb !== undefined) return verb;
  const usage = `tieout ${command} ${verbs.join('|')}`;
  if (given === undefined) {
    throw new UsageError({ en: `Say what to do: ${usage}.`, zh: `请说明要做什么：${usage}。` });
  }
  const name = JSON.stringify(given);
  throw new UsageError({
    en: `There is no ${command} ${name}; there is ${usage}.`,
    zh: `${command} 没有 ${name}；可用：${usage}。`,
  });
}

/** A flag that the verb cannot do without; its absence is a usage error that names it. */
export function neededFlag({ flags }: Invocation, name: string, value: string): string {
  const given = flags[name];
  if (typeof given === 'string' && given.trim() !== '') return given;
  throw new UsageError({
    en: `--${name} is needed: --${name} ${value}.`,
    zh: `缺少 --${name}：--${name} ${value}。`,
  });
}

/** A name given by `--name`, trimmed; 1 to 100 characters, nothing invisible. */
export function nameFlag({ flags }: Invocation): string {
  const name = typeof flags.name === 'string' ? flags.name.trim() : '';
  if (name !== '' && name.length <= NAME_LENGTH_MAX && !/[\p{Cc}\p{Cs}]/u.test(name)) return name;
  throw new UsageError({
    en: `--name must be 1 to ${NAME_LENGTH_MAX} characters, without control characters: --name NAME.`,
    zh: `--name 须为 1 到 ${NAME_LENGTH_MAX} 个字符，且不含控制字符：--name NAME。`,
  });
}

const NAME_LENGTH_MAX = 100;
