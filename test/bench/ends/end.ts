import type { PumpDone } from '../protocol.js';
import type { Callers } from './callers.js';

/** Makes calls over one connection, in whichever direction the system has it. */
export interface Caller {
  /** One unary call, whose reply is to be what was sent. */
  echo(data: Buffer, callback: (error: Error | null, reply?: Buffer) => void): void;
  /**
   * Receives a stream of messages that has no end.
   *
   * @param onEnd - called once, with an error unless it was cancelled.
   * @returns what cancels it.
   */
  download(
    size: number,
    onMessage: (data: Buffer) => void,
    onEnd: (error: Error | null) => void,
  ): () => void;
}

/** One side of one system, in this process. */
export interface End {
  /** Opens a port on loopback; gives `host:port`. */
  listen(): Promise<string>;
  /** Opens one more connection, ready to be used. */
  connect(address: string): Promise<void>;
  /** Closes all connections that it opened. */
  disconnect(): Promise<void>;
}

/** An end that calls or is called. */
export interface CallingEnd extends End {
  /** What makes calls from here, one for each connection. */
  readonly callers: Callers;
  /**
   * Dials and waits for the first reply: of a call that the other end makes back where the system
   * can, else of a plain one.
   *
   * @returns what hangs up.
   */
  firstReply(address: string): Promise<() => void>;
}

/** An end that only carries bytes. */
export interface PumpingEnd extends End {
  pump(order: { streams: number; size: number; ms: number }): Promise<PumpDone>;
}
