/**
 * What must be left when the days are over. Written against the channels' own books and what was planted in
 * their statements; of the reconciliation it reads only what it wrote down.
 */
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import type { PlantedFault, TrueMovement } from '../../src/simulator/statements.ts';
import type { Pool } from '../../src/store/postgres/pool.ts';

type Item = {
  readonly account: string;
  readonly day: string;
  readonly class: string;
  readonly order_no: string | null;
  readonly transaction_no: string | null;
  readonly outcome: string | null;
};
type DayCase = {
  readonly account: string;
  readonly kind: string;
  readonly subject: string;
  readonly is_open: boolean;
};
/** What the first version of a file said that was taken in. */
type FirstWord = {
  readonly account: string;
  readonly transaction_no: string;
  readonly minor: number;
};
type Written = {
  readonly firstWords: readonly FirstWord[];
  readonly items: readonly Item[];
  readonly cases: readonly DayCase[];
};

/** The classes in which each lie about a line may be found, by its fault. */
const FOUND_AS: Readonly<Record<string, readonly string[]>> = {
  statement_line_lost: ['platform_only'],
  statement_line_repeated: ['duplicate'],
  // Of what our books did not have yet, the line is on the channel's side alone.
  statement_line_off: ['amount', 'channel_only'],
  statement_fee_off: ['fee', 'channel_only'],
  statement_line_moved: ['carried', 'channel_only'],
  statement_line_invented: ['channel_only'],
};

/** Looks at the channel book's database; answers what is broken, and how many days of accounts were closed. */
export async function checkDays(
  channelPool: Pool,
  planted: readonly PlantedFault[],
  movements: readonly TrueMovement[],
): Promise<{ readonly broken: readonly string[]; readonly daysClosed: number }> {
  const items = await rowsOf<Item>(
    channelPool,
    `SELECT r.channel || '/' || r.account AS account, r.day::text AS day, i.class, i.order_no, i.transaction_no,
       i.outcome FROM reconciliation_item i JOIN reconciliation r ON r.number = i.reconciliation`,
  );
  const cases = await rowsOf<DayCase>(
    channelPool,
    `SELECT channel || '/' || account AS account, kind, subject, resolved_at_ms IS NULL AS is_open FROM statement_case`,
  );
  const firstWords = await rowsOf<FirstWord>(
    channelPool,
    `SELECT s.channel || '/' || s.account AS account, l.transaction_no, l.amount_minor AS minor
     FROM statement s JOIN statement_line l ON l.statement = s.number WHERE s.version = 1 AND l.kind = 'payment'`,
  );
  const days = await rowsOf<{ account: string; day: string; is_closed: boolean }>(
    channelPool,
    `SELECT DISTINCT ON (channel, account, day) channel || '/' || account AS account, day::text AS day,
       status = 'closed' AS is_closed FROM reconciliation ORDER BY channel, account, day, number DESC`,
  );
  const compared = new Set(days.map((one) => `${one.account} ${one.day}`));
  // Where the channel goes on saying that there was no trade, the day has an owner instead.
  const isOwned = (one: (typeof days)[number]): boolean =>
    cases.some(
      ({ kind, account, subject, is_open: isOpen }) =>
        isOpen && kind === 'statement_missing' && account === one.account && subject === one.day,
    );
  const left = days.filter((one) => !one.is_closed && !isOwned(one));
  const broken = [
    ...left.map((one) => `I21 ${one.account} ${one.day} is not closed`),
    // A day before the first payment is nobody's.
    ...planted
      .filter(({ channel, account, day }) =>
        days.some((one) => one.account === `${channel}/${account}` && one.day === day),
      )
      .flatMap((one) => unnamed(one, { items, cases, firstWords })),
    ...(await unconserved(channelPool, movements, compared)),
  ];
  return { broken, daysClosed: days.filter((one) => one.is_closed).length };
}

/** Every lie ends named. */
function unnamed(fault: PlantedFault, { items, cases, firstWords }: Written): string[] {
  const { kind, day, line } = fault;
  const account = `${fault.channel}/${fault.account}`;
  const words = `I21 ${kind} of ${account} ${day} ${line?.kind ?? ''} ${line?.transactionNo ?? ''}`;
  const ofFile = cases.filter((one) => one.account === account);
  if (kind === 'statement_rewritten') {
    // Where nothing was left in the first version, there was no file.
    const isNamed = ofFile.some(
      ({ kind: noticed, subject }) =>
        (subject.startsWith(`rewritten:${day}:`) && subject.endsWith(`:${line?.transactionNo}`)) ||
        (noticed === 'statement_missing' && subject === day),
    );
    // An answer that was lost on the way was the only one with the first version: nobody ever read it.
    const isUnread = firstWords.some(
      (one) =>
        one.account === account &&
        one.transaction_no === line?.transactionNo &&
        one.minor === line.amountMinor,
    );
    return isNamed || isUnread ? [] : [`${words} has no case`];
  }
  if (line === null) {
    const missing = ofFile.filter((one) => one.kind === 'statement_missing' && one.subject === day);
    const isExpected =
      kind === 'statement_unreadable' ||
      fault.lateMs > POLICY_DEFAULT.statementPatienceMs + POLICY_DEFAULT.statementRetryMs;
    return isExpected && missing.length === 0 ? [`${words} was told to nobody`] : [];
  }
  const mine = items.filter(
    (one) =>
      one.account === account &&
      one.order_no === line.orderNo &&
      one.transaction_no === line.transactionNo,
  );
  const found = mine.filter((one) => FOUND_AS[kind]?.includes(one.class));
  if (found.length === 0) return [`${words} is not among ${JSON.stringify(mine)}`];
  const isLeft = found.some((one) => one.class !== 'carried' && one.outcome === null);
  if (isLeft) return [`${words} has no outcome`];
  const isCleared =
    kind !== 'statement_line_invented' || found.every((one) => one.outcome !== 'settled');
  return isCleared ? [] : [`${words} was believed`];
}

type Standing = {
  readonly name: string;
  readonly key: string;
  readonly minor: number;
  readonly is_met: boolean;
};

/**
 * Where each movement stands that is of our books: where it met its line, or is on the statement alone and was
 * found to be true, or is missing in the statements. What was carried stands nowhere yet.
 */
const STANDING = `
  WITH newest AS (
    SELECT DISTINCT ON (channel, account, day) number FROM reconciliation ORDER BY channel, account, day, number DESC)
  SELECT e.kind || ' ' || e.order_no || ' ' || e.currency AS name, concat_ws(' ', e.kind, e.transaction_no, e.refund_no) AS key,
    e.amount_minor AS minor, i.class IS DISTINCT FROM 'platform_only' AS is_met
  FROM platform_entry e JOIN newest n ON n.number = e.reconciliation
    LEFT JOIN reconciliation_item i ON i.reconciliation = e.reconciliation AND i.entry_no = e.entry_no
  WHERE i.class IS DISTINCT FROM 'carried'
  UNION ALL
  SELECT i.kind || ' ' || i.order_no || ' ' || i.currency, concat_ws(' ', i.kind, i.transaction_no, i.refund_no),
    i.channel_minor, true
  FROM reconciliation_item i JOIN newest n ON n.number = i.reconciliation
  WHERE i.class = 'channel_only' AND i.outcome = 'settled'`;

/** I22: every movement of a channel stands on exactly one day of ours, with its money, however often it was carried. */
async function unconserved(
  pool: Pool,
  movements: readonly TrueMovement[],
  compared: ReadonlySet<string>,
): Promise<string[]> {
  const standing = await rowsOf<Standing>(pool, STANDING);
  const met = new Set(standing.filter((one) => one.is_met).map(({ key }) => key));
  // A later version of a file may have what was missing in the former one.
  const counted = standing.filter((one) => one.is_met || !met.has(one.key));
  const ours = Map.groupBy(counted, ({ name }) => name);
  const theirs = Map.groupBy(
    movements.filter(({ account, day }) => compared.has(`${account} ${day}`)),
    ({ line }) => `${line.kind} ${line.orderNo} ${line.currency}`,
  );
  const broken: string[] = [];
  for (const name of new Set([...ours.keys(), ...theirs.keys()])) {
    const mine = sumOf((ours.get(name) ?? []).map(({ minor }) => minor));
    const channels = sumOf((theirs.get(name) ?? []).map(({ line }) => line.amountMinor));
    if (mine !== channels)
      broken.push(`I22 ${name}: the channel has ${channels}, our days ${mine}`);
  }
  return broken;
}

function sumOf(minors: readonly number[]): string {
  return `${minors.length} of ${minors.reduce((sum, minor) => sum + minor, 0)}`;
}

async function rowsOf<Row extends object>(pool: Pool, text: string): Promise<Row[]> {
  const { rows } = await pool.query<Row>(text);
  return rows;
}
