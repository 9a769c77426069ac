/** Every command, in the order in which help lists them. */
import { audit } from './audit.ts';
import { bench } from './bench.ts';
import type { Command } from './command.ts';
import { demo } from './demo.ts';
import { dev } from './dev.ts';
import { doctor } from './doctor.ts';
import { exceptions } from './exceptions.ts';
import { explain } from './explain.ts';
import { merchants } from './merchants.ts';
import { migrateCommand } from './migrate.ts';
import { operators } from './operators.ts';
import { payments } from './payments.ts';
import { prove } from './prove.ts';
import { reconcile } from './reconcile.ts';
import { refunds } from './refunds.ts';
import { serve } from './serve.ts';
import { simulate } from './simulate.ts';
import { statements } from './statements.ts';

export const catalogue: readonly Command[] = [
  dev,
  demo,
  serve,
  migrateCommand,
  merchants,
  operators,
  payments,
  refunds,
  exceptions,
  explain,
  statements,
  reconcile,
  audit,
  doctor,
  bench,
  prove,
  simulate,
];
