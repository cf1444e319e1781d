import type { Peer, Registry } from '../../backchannel/index.js';
import { printable } from '../../http2/index.js';
import type { RateLimitedLog } from '../log/rate-limited-log.js';

/**
 * Milliseconds that two peers may have one name before the log warns. After a reconnect the old connection
 * stays registered until keepalive notices that it is dead, by default within 40 seconds.
 */
const PATIENCE_MS = 60_000;

/** Maximum number of names that are watched, and that are remembered as told. */
const MAX_NAMES = 100;

/** Two peers with the same name, until one of them disconnects or the timer warns of them. */
interface Namesakes {
  readonly older: Peer;
  readonly newer: Peer;
  readonly timer: NodeJS.Timeout;
}

/** Warns of live peers with the same name, once for each name: `registry.named` finds only one of them. */
export class NamesakeWatch {
  readonly #log: RateLimitedLog;
  readonly #registry: Registry;
  readonly #watched = new Map<string, Namesakes>();
  readonly #told = new Set<string>();

  constructor(log: RateLimitedLog, registry: Registry) {
    this.#log = log;
    this.#registry = registry;
  }

  /** Watches a peer that has connected if another one has its name. */
  connected(newer: Peer): void {
    const { name } = newer;
    if (name === undefined || this.#told.has(name) || this.#watched.has(name)) return;
    const older = this.#registry.namesakesOf(name).at(-2);
    if (older === undefined || this.#watched.size === MAX_NAMES) return;
    const timer = setTimeout(() => {
      this.#watched.delete(name);
      this.#warn(name, older, newer);
    }, PATIENCE_MS).unref();
    this.#watched.set(name, { older, newer, timer });
  }

  /** Ends the watch of a peer that has disconnected; nothing of it is kept. */
  disconnected(peer: Peer): void {
    const { name } = peer;
    const namesakes = name === undefined ? undefined : this.#watched.get(name);
    if (namesakes === undefined || (namesakes.older !== peer && namesakes.newer !== peer)) return;
    clearTimeout(namesakes.timer);
    this.#watched.delete(name!);
    // Of three with one name, two are left.
    const newest = this.#registry.named(name!);
    if (newest !== undefined) this.connected(newest);
  }

  #warn(name: string, older: Peer, newer: Peer): void {
    if (this.#told.size === MAX_NAMES) this.#told.clear();
    this.#told.add(name);
    this.#log.write('warn', 'names of several peers', () => {
      const shown = printable(JSON.stringify(name));
      const from = [older, newer].map(
        ({ id, remoteAddress = 'no address' }) => `${id} (${remoteAddress})`,
      );
      return [
        `peers ${from.join(' and ')} have the same name ${shown}: registry.named(${shown}) finds only the newest one; have authorizePeer give each program a name of its own`,
        { name, peerIds: [older.id, newer.id] },
      ];
    });
  }
}
