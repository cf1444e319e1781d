import type { Random } from '../random.js';
import type { CallBook } from './call-book.js';

/** One side, in this process; the orders of the protocol that it can carry out. */
export interface End {
  readonly book: CallBook;
  /** Peers in its registry. */
  readonly registrySize: number;
  listen(): Promise<string>;
  connections(address: string, count: number, random: Random): Promise<void>;
  /** Gives the number of connections there were. */
  churn(address: string, load: { ms: number; share: number }, random: Random): Promise<number>;
  connect(address: string): Promise<void>;
  calls(load: { count: number; inFlight: number }, random: Random): Promise<void>;
  disconnect(): void;
}

/** @throws Error always: the order was meant for the other side. */
export function notThisSide(): never {
  throw new Error('this is for the other side to do');
}
