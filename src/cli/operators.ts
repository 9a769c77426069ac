/** `tieout operators`: people who may look after the platform; each has a name and a key of their own. */
import { randomBytes } from 'node:crypto';
import { ID_RANDOM_BYTES, newId } from '../core/id.ts';
import { isDataError } from '../store/postgres/errors.ts';
import { createKey, createOperator } from '../store/postgres/merchants.ts';
import type { Command, ExitCode } from './command.ts';
import { UsageError, nameFlag, verbOf } from './command.ts';
import { pairs, print } from './terminal.ts';
import { withPool } from './with-pool.ts';

const LABELS = {
  en: ['operator', 'operator key', '(shown only now)'],
  zh: ['操作员', '操作员密钥', '（仅此一次显示）'],
} as const;

export const operators: Command = {
  name: 'operators',
  takes: 'create',
  takesMax: 1,
  summary: {
    en: 'Create an operator, a named person, with a key',
    zh: '创建操作员（具名的人）及其密钥',
  },
  flags: {
    name: {
      type: 'string',
      value: 'NAME',
      help: { en: 'Name of the person', zh: '操作员姓名' },
    },
  },
  examples: ['operators create --name "Wang Fang"'],
  run: async (invocation) => {
    const { positionals, json, lang } = invocation;
    verbOf('operators', ['create'], positionals);
    const name = nameFlag(invocation);
    return await withPool<ExitCode>(async (pool) => {
      const nowMs = Date.now();
      const freshId = (prefix: string): string =>
        newId(prefix, nowMs, randomBytes(ID_RANDOM_BYTES));
      const operator = await createOperator(pool, { name, nowMs, newId: freshId }).catch(
        (error: unknown) => {
          if (isDataError(error))
            throw new UsageError(
              {
                en: `There is already an operator named ${name}: choose another --name.`,
                zh: `已有名为 ${name} 的操作员：请换一个 --name。`,
              },
              1,
            );
          throw error;
        },
      );
      const { key } = await createKey(pool, {
        operatorId: operator.id,
        nowMs,
        random: randomBytes(32),
      });
      if (json) print(JSON.stringify({ operator: operator.id, name, operator_key: key }));
      else {
        const [person, secret, once] = LABELS[lang];
        print(
          pairs([
            [person, `${operator.id}  ${name}`],
            [secret, `${key}   ${once}`],
          ]),
        );
      }
      return 0;
    });
  },
};
