import { describe } from 'vitest';
import { storeContract } from '../../test/support/store-contract.ts';
import { memoryStore } from './memory-store.ts';
import type { Endpoint } from './store.ts';

describe('the store in memory', () => {
  storeContract(async () => {
    const endpoints = new Map<number, Endpoint[]>();
    const { store } = memoryStore((merchantNumber) => endpoints.get(merchantNumber) ?? []);
    return {
      store,
      addEndpoint: async (merchantNumber) => {
        const mine = endpoints.get(merchantNumber) ?? [];
        const id = `we_${merchantNumber}_${mine.length}`;
        const endpoint = { id, url: `https://shop.example/${id}`, secrets: ['whsec_1'] };
        endpoints.set(merchantNumber, [...mine, endpoint]);
        return endpoint;
      },
    };
  }, 300);
});
