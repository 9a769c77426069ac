/**
 * A statement file on its way into the database: read, checked and loaded in one transaction, so that a
 * file that is refused at its last line, or a process that dies over it, leaves nothing behind.
 */
import type { ClientBase } from 'pg';
import { readStatement } from '../../statements/read-statement.ts';
import type { ReadOptions, ReadStatement } from '../../statements/read-statement.ts';
import type { StatementSource } from '../../statements/statement-container.ts';
import { copyStatementLines, lineValues } from '../../store/postgres/statements.ts';

/**
 * Reads the file and loads its lines under that number, inside the caller's transaction. Answers what the
 * file says of itself. Throws StatementError for a file that is refused; the caller then rolls back.
 */
export async function loadLines(
  client: ClientBase,
  statement: number,
  source: StatementSource,
  options: ReadOptions,
  onProgress: (lineCount: number) => void = () => {},
): Promise<ReadStatement> {
  const copy = copyStatementLines(client);
  const reading = readStatement(source, options);
  let count = 0;
  try {
    let next = await reading.next();
    for (; next.done !== true; next = await reading.next()) {
      for (const line of next.value) copy.add(lineValues(statement, line));
      count += next.value.length;
      onProgress(count);
      await copy.drain();
    }
    await copy.end();
    return next.value;
  } catch (error) {
    await copy.abort(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}
