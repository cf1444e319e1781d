/** Which side of the connection a process is. */
export type Role = 'listen' | 'dial';

/** What an end has to say of the calls that it has made and served since it started. */
export interface CallReport {
  begun: number;
  ended: number;
  /** How many ended with which status. */
  statuses: Record<string, number>;
  /** Calls that came in and were handed to a handler. */
  handled: number;
  /** Those of them that are over. */
  handledToTheEnd: number;
  /** Handlers that were told more than once that their call is over. */
  toldTwice: number;
  faultCount: number;
  /** What went wrong; the first ones. */
  faults: string[];
}

/** How many objects of each kind the garbage collector found in use. */
export type LiveObjects = Record<string, number>;

/** The state of one end, garbage collected first and nothing under way. */
export interface Sample {
  /** Bytes. */
  heapUsed: number;
  /** What V8 has taken from the system for the heap: it gives back little of what it once needed. */
  heapTotal: number;
  /** Bytes outside of the heap that objects on it own, those of `arrayBuffers` included. */
  external: number;
  arrayBuffers: number;
  rss: number;
  /** Handles and requests that keep the event loop alive. */
  handles: number;
  /** Those of them that are TCP connections. */
  sockets: number;
  /** Peers in the registry. */
  registry: number;
  /** Open HTTP/2 streams of the built-in engine. */
  streams: number;
  /** None of them at the start; counted only in thorough samples. */
  live: LiveObjects | undefined;
  calls: CallReport;
}

/** What an end is told to do, with its answer. */
export interface Orders {
  /** Opens a port on loopback and serves; gives `host:port`. */
  listen: [{ do: 'listen' }, { address: string }];
  /** Has peers come, call, be called and get lost for so long, with at most this share of a core. */
  churn: [
    { do: 'churn'; address: string; ms: number; share: number; seed: number },
    { connections: number },
  ];
  /** Opens, uses and ends so many connections. */
  connections: [{ do: 'connections'; address: string; count: number; seed: number }, object];
  /** Opens one connection, to stay. */
  connect: [{ do: 'connect'; address: string }, object];
  /** Makes calls on the connection that stays. */
  calls: [{ do: 'calls'; count: number; inFlight: number; seed: number }, object];
  /** Closes the connection that stayed. */
  disconnect: [{ do: 'disconnect' }, object];
  /** Waits until nothing is under way and only so many connections are open, then looks around. */
  sample: [{ do: 'sample'; connections: number; thorough: boolean }, Sample];
  /** Writes a heap snapshot. */
  snapshot: [{ do: 'snapshot'; file: string }, object];
}

export type OrderName = keyof Orders;
export type Order<Name extends OrderName = OrderName> = Orders[Name][0];
export type Answer<Name extends OrderName = OrderName> = Orders[Name][1];
