import type { Random } from '../random.js';
import { CallBook } from './call-book.js';
import { Churner } from './churner.js';
import { Dialer } from './dialer.js';
import { notThisSide, type End } from './end.js';
import { load } from './load.js';
import { Pace } from './pace.js';
import { SilentLink } from './silent-link.js';

/** Connections that are there at any time while connections come and go. */
const AT_ONCE = 8;
/** The same where some of them are dead, and wait to be noticed. */
const CHURNERS = 16;

/** Dials, calls forward and serves who calls back. */
export class DialingEnd implements End {
  readonly book = new CallBook();
  readonly registrySize = 0;
  readonly #dialers = Array.from({ length: AT_ONCE }, () => new Dialer(this.book));
  #stubs: Awaited<ReturnType<Dialer['open']>> | undefined;

  async connections(address: string, count: number, random: Random): Promise<void> {
    let left = count;
    const work = async (dialer: Dialer): Promise<void> => {
      while (left-- > 0) await dialer.live(address, random);
    };
    await Promise.all(this.#dialers.map(work));
  }

  async churn(
    address: string,
    { ms, share }: { ms: number; share: number },
    random: Random,
  ): Promise<number> {
    const link = new SilentLink(address);
    const near = await link.listen();
    const pace = new Pace(share);
    let connections = 0;
    const work = async (): Promise<void> => {
      const churner = new Churner(this.book, link, near, random);
      while (pace.elapsedMs < ms) {
        connections += 1;
        await churner.live();
        await pace.rest(ms);
      }
      await churner.leave();
    };
    await Promise.all(Array.from({ length: CHURNERS }, work));
    link.close();
    return connections;
  }

  async connect(address: string): Promise<void> {
    this.#stubs = await this.#dialers[0]!.open(address);
  }

  calls(order: { count: number; inFlight: number }, random: Random): Promise<void> {
    return load(this.#stubs!.soak, order, random, this.book);
  }

  disconnect(): void {
    this.#stubs!.close();
    this.#stubs = undefined;
  }

  readonly listen = notThisSide;
}
