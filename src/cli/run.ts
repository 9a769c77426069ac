/** One run of the CLI: finds the command, runs it, and turns its end into an exit code. */
import packageJson from '../../package.json' with { type: 'json' };
import { catalogue } from './catalogue.ts';
import type { Command, ExitCode } from './command.ts';
import { UsageError, helpOf, readInvocation } from './command.ts';
import { print, say } from './terminal.ts';
import type { Lang } from './words.ts';

function row(left: string, right: string): string {
  return `  ${left.padEnd(42)} ${right}`;
}

function overview(lang: Lang): string {
  const rows = catalogue.map((one) => row(`${one.name} ${one.takes}`, one.summary[lang]));
  const words = {
    en: [
      'usage: tieout <command> [options]',
      'options and examples of one command',
      'this version',
    ],
    zh: ['用法：tieout <命令> [选项]', '某个命令的选项和示例', '本程序版本'],
  }[lang];
  const more = [
    row('<command> --help', words[1] ?? ''),
    row('--version', words[2] ?? ''),
    row('--lang zh|en', '中文 / English'),
  ];
  return [words[0], '', ...rows, '', ...more].join('\n');
}

/** A flag of every command may stand before the command too. */
function commandFirst(args: readonly string[]): string[] {
  const [first, second, ...rest] = args;
  if (first === '--json' || first?.startsWith('--lang=') === true)
    return [...commandFirst(args.slice(1)), first];
  if (first !== '--lang' || second === undefined) return [...args];
  return [...commandFirst(rest), first, second];
}

/** Runs a command line without `tieout` in front. Rejects when it fails: `failureOf` has the words for that. */
export async function run(args: readonly string[], lang: Lang): Promise<ExitCode> {
  const [name, ...rest] = commandFirst(args);
  if (name === '--version') {
    print(packageJson.version);
    return 0;
  }
  const isHelp = name === '--help' || name === '-h' || name === 'help';
  if (isHelp && rest[0] !== undefined && !rest[0].startsWith('-'))
    return await run([rest[0], '--help'], lang);
  if (isHelp) {
    print(overview(lang));
    return 0;
  }
  if (name === undefined || name.startsWith('--lang') || name === '--json') {
    say(overview(lang));
    return 2;
  }
  const command = catalogue.find((one) => one.name === name);
  if (!command)
    throw new UsageError({
      en: `There is no command ${JSON.stringify(name)}: tieout --help lists them.`,
      zh: `没有命令 ${JSON.stringify(name)}：tieout --help 可列出全部。`,
    });
  return await runCommand(command, rest, lang);
}

async function runCommand(
  command: Command,
  args: readonly string[],
  lang: Lang,
): Promise<ExitCode> {
  const invocation = readInvocation(command, args);
  if (invocation === 'help') {
    print(helpOf(command, lang));
    return 0;
  }
  return await command.run(invocation);
}
