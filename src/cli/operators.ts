/** `tieout operators`: people who may look after the platform; each has a name and a key of their own. */
import { randomBytes } from 'node:crypto';
import { ID_RANDOM_BYTES, newId } from '../core/id.ts';
import { isDataError } from '../store/postgres/errors.ts';
import { createKey, createOperator } from '../store/postgres/merchants.ts';
import type { Command, ExitCode } from './command.ts';
import { UsageError } from './command.ts';
import { print } from './terminal.ts';
import { withPool } from './with-pool.ts';

export const operators: Command = {
  name: 'operators',
  takes: 'create',
  summary: 'Create an operator, a named person, with a key: create --name N',
  flags: { name: { type: 'string', value: 'NAME', help: 'Name of the person' } },
  run: async ({ positionals, flags, json }) => {
    if (positionals[0] !== 'create')
      throw new UsageError('Say what to do: tieout operators create --name N.');
    const name = typeof flags.name === 'string' ? flags.name.trim() : '';
    if (name === '' || name.length > 100)
      throw new UsageError('--name must be 1 to 100 characters.');
    return await withPool<ExitCode>(async (pool) => {
      const nowMs = Date.now();
      const freshId = (prefix: string): string =>
        newId(prefix, nowMs, randomBytes(ID_RANDOM_BYTES));
      const operator = await createOperator(pool, { name, nowMs, newId: freshId }).catch(
        (error: unknown) => {
          if (isDataError(error))
            throw new UsageError(`There is already an operator named ${name}.`, 1);
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
        print(`operator       ${operator.id}  ${name}`);
        print(`operator key   ${key}   (shown only now)`);
      }
      return 0;
    });
  },
};
