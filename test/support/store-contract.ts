/**
 * One list of behaviours that every store keeps: what the platform relies on, whatever is underneath.
 * Each test works on a store of its own that holds nothing yet.
 */
import { describe } from 'vitest';
import { expiryContract, questionContract, sweepContract } from './store-contract-jobs.ts';
import { noticeContract } from './store-contract-notices.ts';
import { guardContract, paymentContract } from './store-contract-payments.ts';
import type { Open } from './store-contract-setting.ts';

/** Registers the whole suite for a store; `lives` random payments are written and read back. */
export function storeContract(open: Open, lives: number): void {
  describe('payments', () => paymentContract(open, lives));
  describe('guards', () => guardContract(open));
  describe('questions', () => questionContract(open));
  describe('ends of validity', () => expiryContract(open));
  describe('the sweep', () => sweepContract(open));
  describe('notices', () => noticeContract(open));
}
