/** The entry of the CLI: finds the command, runs it, and turns its end into an exit code. */
import { readFileSync } from 'node:fs';
import { catalogue } from './cli/catalogue.ts';
import type { Command, ExitCode } from './cli/command.ts';
import { UsageError, helpOf, readInvocation } from './cli/command.ts';
import { print, say } from './cli/terminal.ts';
import { ChannelAccountError } from './channels/catalogue.ts';
import { ConfigError } from './runtime/config.ts';

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'version' in value
    ? String(value.version)
    : '?';
}

function overview(): string {
  const rows = catalogue.map((one) => `  ${`${one.name} ${one.takes}`.padEnd(34)} ${one.summary}`);
  return `usage: tieout <command> [options]\n\n${rows.join('\n')}\n\n  tieout <command> --help            flags of one command`;
}

async function run(args: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === '--version') {
    print(version());
    return 0;
  }
  if (name === undefined || name === '--help' || name === 'help') {
    print(overview());
    return name === undefined ? 2 : 0;
  }
  const command = catalogue.find((one) => one.name === name);
  if (!command)
    throw new UsageError(`There is no command ${JSON.stringify(name)}. tieout --help lists them.`);
  return await runCommand(command, rest);
}

async function runCommand(command: Command, args: readonly string[]): Promise<ExitCode> {
  const invocation = readInvocation(command, args);
  if (invocation === 'help') {
    print(helpOf(command));
    return 0;
  }
  return await command.run(invocation);
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    say(error.message);
    process.exitCode = error.exitCode;
  } else if (error instanceof ConfigError || error instanceof ChannelAccountError) {
    say(
      `The configuration is not usable:\n${error.faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    process.exitCode = 2;
  } else {
    // Words for a person; the trace is for whoever asks for it.
    say(`tieout failed: ${error instanceof Error ? error.message : String(error)}`);
    if (process.env.TIEOUT_TRACE && error instanceof Error) say(error.stack ?? '');
    process.exitCode = 1;
  }
}
