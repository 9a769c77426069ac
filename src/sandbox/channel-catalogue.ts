/** What a payer buys with: the way a channel is asked for money. */
export type Product = 'qr' | 'redirect' | 'quickpay' | 'quickpay_accepted' | 'page';

export type SandboxChannel = {
  /** What an order call may ask for. */
  readonly products: readonly Product[];
  /** Whether orders of the product `page` come with the payer, who opens a signed link. */
  readonly opensByLink: boolean;
  /** A channel that never notifies can only be queried. */
  readonly notifies: boolean;
  readonly bankName: { readonly zh: string; readonly en: string };
};

/** The channels of the pretend world, by the name that stands in their addresses. */
export const SANDBOX_CHANNELS: Readonly<Record<string, SandboxChannel>> = {
  sandbox: {
    products: ['qr', 'redirect', 'quickpay', 'quickpay_accepted'],
    opensByLink: true,
    notifies: true,
    bankName: { zh: '沙箱银行', en: 'Sandbox Bank' },
  },
  query_only: {
    products: ['qr'],
    opensByLink: false,
    notifies: false,
    bankName: { zh: '静默银行（只可查询）', en: 'Silent Bank (query only)' },
  },
};

/** The channel of that name; null when the pretend world has none. */
export function findChannel(name: string): SandboxChannel | null {
  return Object.hasOwn(SANDBOX_CHANNELS, name) ? (SANDBOX_CHANNELS[name] ?? null) : null;
}
