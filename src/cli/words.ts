/** The two languages of the command line, and how a run chooses between them. */

export type Lang = 'zh' | 'en';

/** One sentence in both languages. */
export type Words = Readonly<Record<Lang, string>>;

/** The language of a run: `--lang`, else what the environment names, as POSIX orders it; else English. */
export function languageFrom(args: readonly string[], env: NodeJS.ProcessEnv): Lang {
  const asked = args.flatMap((arg, at) => {
    if (arg === '--lang') return [args[at + 1]];
    return arg.startsWith('--lang=') ? [arg.slice('--lang='.length)] : [];
  });
  const last = asked.findLast((one) => one === 'zh' || one === 'en');
  if (last === 'zh' || last === 'en') return last;
  const locale = [env.LC_ALL, env.LC_MESSAGES, env.LANG].find(
    (one) => one !== undefined && one !== '',
  );
  return locale?.toLowerCase().startsWith('zh') === true ? 'zh' : 'en';
}

/** The same words in both languages: codes, numbers, names. */
export function same(text: string): Words {
  return { en: text, zh: text };
}
