import { Callers } from './callers.js';
import type { Caller, CallingEnd } from './end.js';

/** A connection that this process has opened, called back already where the system can. */
export interface Connection {
  caller: Caller;
  close(): void;
}

/** An end that does not dial. */
export abstract class ListeningSide implements CallingEnd {
  readonly callers = new Callers();

  abstract listen(): Promise<string>;

  connect(): Promise<void> {
    return Promise.reject(new Error('it is the other side that dials'));
  }

  firstReply(): Promise<() => void> {
    return Promise.reject(new Error('it is the other side that dials'));
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }
}

/** An end that dials. */
export abstract class DialingSide implements CallingEnd {
  readonly callers = new Callers();
  readonly #connections: Connection[] = [];

  /** Resolves with the first reply. */
  protected abstract dial(address: string): Promise<Connection>;

  listen(): Promise<string> {
    return Promise.reject(new Error('it is the other side that listens'));
  }

  async connect(address: string): Promise<void> {
    const connection = await this.dial(address);
    this.#connections.push(connection);
    this.callers.add(connection.caller);
  }

  disconnect(): Promise<void> {
    for (const { caller, close } of this.#connections.splice(0)) {
      this.callers.remove(caller);
      close();
    }
    return Promise.resolve();
  }

  async firstReply(address: string): Promise<() => void> {
    return (await this.dial(address)).close;
  }
}
