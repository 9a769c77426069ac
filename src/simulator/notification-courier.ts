/**
 * The way of a channel's messages to the platform: lost, late, copied, out of order, answered into the
 * void; and beside the true ones, forged ones and such as another account signed.
 */
import type { BookOrder } from '../sandbox/book-order.ts';
import type { PendingNotification } from '../sandbox/notification.ts';
import type { SimulatedAccount } from './accounts.ts';
import { ACCOUNTS } from './accounts.ts';
import type { SimulatedChannels } from './channel.ts';
import type { Faults } from './faults.ts';
import type { FaultKind } from './fault-kinds.ts';
import type { PlatformProcess } from './process.ts';
import { isAboutRefund, isPromised } from './refund-word.ts';
import type { Timer, World } from './world.ts';

const LATE_MS_MAX = 10 * 60_000;
const COPY_MS_MAX = 5_000;
/** How long a channel waits for our answer. */
const PATIENCE_MS = 5_000;
const LEG_MS = [1, 100] as const;

type CourierFaults = Readonly<Record<'lost' | 'lostForEver' | 'late' | 'copied', FaultKind>>;
const ORDER_FAULTS: CourierFaults = {
  lost: 'notification_lost',
  lostForEver: 'notification_lost_for_ever',
  late: 'notification_late',
  copied: 'notification_copied',
};
const REFUND_FAULTS: CourierFaults = {
  lost: 'refund_notification_lost',
  lostForEver: 'refund_notification_lost_for_ever',
  late: 'refund_notification_late',
  copied: 'refund_notification_copied',
};

export class NotificationCourier {
  readonly #world: World;
  readonly #faults: Faults;
  readonly #channels: SimulatedChannels;
  readonly #processOf: (site: string) => PlatformProcess;
  readonly #onAcknowledged: (notification: PendingNotification, body: string) => void;
  #timer: { readonly atMs: number; readonly handle: Timer } | null = null;
  #forgedCount = 0;

  constructor(
    world: World,
    faults: Faults,
    channels: SimulatedChannels,
    processOf: (site: string) => PlatformProcess,
    onAcknowledged: (notification: PendingNotification, body: string) => void,
  ) {
    this.#onAcknowledged = onAcknowledged;
    this.#world = world;
    this.#faults = faults;
    this.#channels = channels;
    this.#processOf = processOf;
    channels.onChanged(() => this.#wake());
    channels.onOpened((order) => this.#lie(order));
  }

  /** Plans the next round for when the channels have something due. */
  #wake(): void {
    const dueAtMs = this.#channels.books.nextDueAtMs();
    if (dueAtMs === null) return;
    // The books count in the channels' own time.
    const atMs = Math.max(this.#world.nowMs, dueAtMs - this.#channels.nowMs + this.#world.nowMs);
    if (this.#timer && this.#timer.atMs <= atMs) return;
    this.#timer?.handle.cancel();
    const handle = this.#world.at(atMs, 'channels have something due', () => {
      this.#timer = null;
      for (const action of this.#channels.books.takeDue(this.#channels.nowMs)) {
        if (action.kind === 'notification') this.#handle(action.notification);
      }
      this.#wake();
    });
    this.#timer = { atMs, handle };
  }

  #handle(notification: PendingNotification): void {
    const { id, exempt, outNo } = notification;
    const kinds = isAboutRefund(notification) ? REFUND_FAULTS : ORDER_FAULTS;
    // Of what the platform does not ask about it learns by message, or by the statement. Where there are no
    // statements, such a message is not lost for good.
    const isOnlyWord = this.#channels.mustArrive(outNo) || isPromised(notification);
    const mustArrive = isOnlyWord && !this.#channels.hasStatements;
    const { notifications } = this.#channels.books;
    const { nowMs } = this.#channels;
    const random = this.#world.random;
    if (this.#faults.hits(kinds.lost, id)) {
      notifications.retry(notification, nowMs);
    } else if (!exempt && !mustArrive && this.#faults.hits(kinds.lostForEver, id)) {
      notifications.finish(notification);
    } else if (!exempt && this.#faults.hits(kinds.late, id)) {
      const dueAtMs = nowMs + random.between(`courier:${id}`, 1, LATE_MS_MAX);
      notifications.owe({ ...notification, exempt: true, dueAtMs });
    } else {
      if (!exempt && this.#faults.hits(kinds.copied, id)) this.#copy(notification);
      void this.#send(notification);
      return;
    }
    this.#wake();
  }

  #copy(notification: PendingNotification): void {
    const { id } = notification;
    for (const copy of [1, 2]) {
      const delayMs = this.#world.random.between(`courier:${id}`, 0, COPY_MS_MAX);
      const again = { ...notification, id: `${id}.${copy}`, resends: false, exempt: true };
      const dueAtMs = this.#channels.nowMs + delayMs;
      this.#channels.books.notifications.owe({ ...again, dueAtMs });
    }
  }

  async #send(notification: PendingNotification): Promise<void> {
    const { id, channel, account, manner, outNo } = notification;
    const body = this.#channels.isForeign(outNo)
      ? notification.body.replace('"currency":"CNY"', '"currency":"USD"')
      : notification.body;
    const { notifications } = this.#channels.books;
    const headers = { signature: manner === 'true' ? `true for ${account}` : manner };
    const isAnswered = await this.#post(id, channel, account, headers, body);
    if (isAnswered) {
      this.#onAcknowledged(notification, body);
      notifications.finish(notification);
    } else notifications.retry(notification, this.#channels.nowMs);
    this.#wake();
  }

  /** Whether the platform acknowledged, and its answer arrived in time. */
  async #post(
    id: string,
    channel: string,
    account: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<boolean> {
    const world = this.#world;
    await world.sleep(world.random.between('courier:leg', ...LEG_MS), `notification ${id}`);
    const message = { headers, body: new TextEncoder().encode(body) };
    const reply = this.#processOf(`notification:${id}`).serve(
      async ({ receiver }) => await receiver.receive(channel, account, message),
      PATIENCE_MS,
    );
    const answer = await reply;
    if (answer.type !== 'answered') return false;
    world.note(`notification ${id} is answered ${answer.value?.status}`);
    if (this.#faults.hits('notification_answer_lost', id)) return false;
    return answer.value?.status === 200;
  }

  /** Strangers who say that an order was paid, and another of our accounts that says so. */
  #lie(order: BookOrder): void {
    const { account, outNo, channel } = order.submission;
    const own = ACCOUNTS.find((one) => one.channel === channel && one.account === account);
    if (!own?.notifies) return;
    if (this.#faults.hits('notification_forged', outNo)) {
      this.#sendLie(order, own, 'forged by a stranger', own.account);
    }
    if (own.manner.probes && this.#faults.hits('notification_probe', outNo)) {
      this.#sendLie(order, own, 'WECHATPAY/SIGNTEST/', own.account);
    }
    const other = ACCOUNTS.find((one) => one.notifies && one.account !== account);
    if (other && this.#faults.hits('notification_misaddressed', outNo)) {
      this.#sendLie(order, other, `true for ${other.account}`, other.account);
      this.#sendLie(order, own, `true for ${own.account}`, other.account);
    }
  }

  #sendLie(
    { submission }: BookOrder,
    to: SimulatedAccount,
    signature: string,
    named: string,
  ): void {
    const { outNo, amountMinor: amount, currency } = submission;
    this.#forgedCount += 1;
    const id = `lie ${this.#forgedCount} about ${outNo}`;
    const said = { account: named, out_no: outNo, state: 'PAID', amount, currency };
    const charge = {
      trade_no: `LIE${this.#forgedCount}`,
      paid_at: new Date(this.#channels.nowMs).toISOString(),
    };
    const body = JSON.stringify({ ...said, ...charge });
    const delayMs = this.#world.random.between(`lie:${outNo}`, 1, 60_000);
    this.#world.after(delayMs, id, () => {
      void this.#post(id, to.channel, to.account, { signature }, body);
    });
  }
}
