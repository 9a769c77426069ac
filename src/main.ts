/** The entry of the CLI: runs a command line and says in words how it ended. */
import { failureOf } from './cli/failure.ts';
import { endWithParent } from './cli/parent-pipe.ts';
import { run } from './cli/run.ts';
import { say } from './cli/terminal.ts';
import { languageFrom } from './cli/words.ts';

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
endWithParent();
const args = process.argv.slice(2);
const lang = languageFrom(args, process.env);
try {
  process.exitCode = await run(args, lang);
} catch (error) {
  // Words for a person; the trace is for whoever asks for it.
  const { words, exitCode } = failureOf(error);
  say(words[lang]);
  if (process.env.TIEOUT_TRACE && error instanceof Error) say(error.stack ?? '');
  process.exitCode = exitCode;
}
