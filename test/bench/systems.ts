import type { Role } from './protocol.js';

/** One way to make calls, or to move bytes, between two processes. */
export interface System {
  readonly name: string;
  /** What the ends are written in. */
  readonly runtime: 'node' | 'go';
  /** Systems that differ in who calls only can have the same processes. */
  readonly processes?: string;
  /** Which end makes the calls, or receives the streams. */
  readonly caller: Role;
  /** How the called end calls in the other direction: on its own, or over a connection of its own. */
  readonly backwards?: 'same connection' | 'own connection';
  /** It is known to fail now and then; then it is left out, and the rest goes on. */
  readonly fragile?: boolean;
  /** In one sentence. */
  readonly what: string;
}

export const SYSTEMS: readonly System[] = [
  {
    name: 'grpc-js-plain',
    runtime: 'node',
    caller: 'dial',
    backwards: 'own connection',
    what: 'grpc-js alone: the dialing side calls; the baseline',
  },
  {
    name: 'ours-forward',
    processes: 'ours',
    runtime: 'node',
    caller: 'dial',
    what: 'this package: the dialing side calls over the multiplexed connection',
  },
  {
    name: 'ours-backchannel',
    processes: 'ours',
    runtime: 'node',
    caller: 'listen',
    backwards: 'same connection',
    what: 'this package: the listening side calls back over the connection that was opened to it',
  },
  {
    name: 'ours-uncalled',
    runtime: 'node',
    caller: 'dial',
    what: 'this package: peers that call forward, and that nobody has called back yet',
  },
  {
    name: 'ours-plain',
    runtime: 'node',
    caller: 'dial',
    what: 'a plain grpc-js client on the port of this package',
  },
  {
    name: 'bidi-stream',
    runtime: 'node',
    caller: 'listen',
    backwards: 'same connection',
    what: 'what people do without: calls back are messages on a bidirectional stream of grpc-js',
  },
  {
    name: 'yamux-js',
    runtime: 'node',
    caller: 'listen',
    backwards: 'same connection',
    fragile: true,
    what: 'this package with npm yamux-js as its multiplexer: the listening side calls back',
  },
  {
    name: 'go-plain',
    runtime: 'go',
    caller: 'dial',
    backwards: 'own connection',
    what: 'grpc-go alone: the dialing side calls',
  },
  {
    name: 'go-backchannel',
    runtime: 'go',
    caller: 'listen',
    backwards: 'same connection',
    what: 'grpc-go over hashicorp/yamux, as Gitaly: the listening side calls back',
  },
  { name: 'socket', runtime: 'node', caller: 'dial', what: 'a bare net.Socket; the baseline' },
  { name: 'ours-yamux', runtime: 'node', caller: 'dial', what: 'the YamuxSession of this package' },
  {
    name: 'ours-yamux-borrowed',
    runtime: 'node',
    caller: 'dial',
    what: 'the same with borrowed chunks, whose memory is freed after use',
  },
  {
    name: 'yamux-js-bytes',
    runtime: 'node',
    caller: 'dial',
    fragile: true,
    what: 'npm yamux-js behind the re-framer that this package has for it',
  },
  { name: 'go-yamux', runtime: 'go', caller: 'dial', what: 'hashicorp/yamux' },
];

/** Those that the targets are about, and whom they compare them with: a matrix has no time for all. */
export const MATRIX_SYSTEMS: readonly System[] = [
  'grpc-js-plain',
  'ours-backchannel',
  'ours-uncalled',
  'ours-plain',
  'go-backchannel',
  'socket',
  'ours-yamux',
  'ours-yamux-borrowed',
  'go-yamux',
].map(systemNamed);

const OURS_PREFIX = 'ours';

/** Whether it is made of this package. */
export function isOurs({ name }: Pick<System, 'name'>): boolean {
  return name.startsWith(OURS_PREFIX);
}

/** @throws Error if there is none of this name. */
export function systemNamed(name: string): System {
  const system = SYSTEMS.find((candidate) => candidate.name === name);
  if (system === undefined) throw new Error(`there is no system "${name}"`);
  return system;
}
