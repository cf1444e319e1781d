/** What is measured, and looked for. */
export const CATEGORIES = ['heap', 'cpu', 'block', 'sent', 'log', 'left'] as const;
export type Category = (typeof CATEGORIES)[number];

/** What one program cost the process that it was played to. */
export interface Cost {
  /** Bytes that it sent. */
  sent: number;
  /** Bytes beyond what docs/limits.md grants to honest use. */
  heap: number;
  /** Milliseconds. */
  cpu: number;
  block: number;
  /** Of `sent`: bytes that came back. */
  received: number;
  log: number;
  /** What any connection costs, of `cpu` and `block`. */
  idle: { cpu: number; block: number };
  /** Errors that nobody handled, or how the process died. */
  faults: string[];
  /** If it was looked for: what is left when connections have ended. */
  left?: Leftovers;
}

/** What is left of connections that have ended. */
export interface Leftovers {
  bytes: number;
  /** Handles, requests and timers. */
  resources: number;
}
