// Scenarios of faults.alone.spec.ts that end a process, or write to its stdout. Each uses yamux-js as its
// readme does; a release that mends the fault lets the process end by itself, with exit code 0.
import { Client, Server } from 'yamux-js';

const SYN = 1;
const RST = 8;

function header(type, flags, streamId, length) {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt8(type, 1);
  bytes.writeUInt16BE(flags, 2);
  bytes.writeUInt32BE(streamId, 4);
  bytes.writeUInt32BE(length, 8);
  return bytes;
}

function server(onStream = () => {}) {
  const session = new Server(onStream, { enableKeepAlive: false, logger: () => {} });
  return session.resume();
}

const scenarios = {
  'many-frames-in-one-chunk'() {
    server().write(Buffer.concat(Array(12_000).fill(header(1, 0, 7, 0))));
  },
  'duplicate-syn'() {
    const session = server();
    session.write(header(1, SYN, 1, 0));
    session.write(header(1, SYN, 1, 0));
  },
  'go-away-with-an-error'() {
    server().write(header(3, 0, 0, 1));
  },
  'write-after-rst'() {
    const session = server((stream) => setImmediate(() => stream.write('reply')));
    session.write(header(1, SYN, 1, 0));
    session.write(header(1, RST, 1, 0));
  },
  'timer-after-the-end'() {
    const session = new Client({ keepAliveInterval: 0.01, connectionWriteTimeout: 0.05 }).resume();
    const stream = session.open().resume();
    for (const event of ['end', 'error', 'close']) {
      stream.on(event, () => process.stdout.write(`stream ${event}\n`));
    }
    session.on('close', () => process.stdout.write('session close\n'));
    session.end();
  },
  'default-logger'() {
    const session = new Server(() => {}, { enableKeepAlive: false }).resume();
    session.write(header(1, 0, 77, 0));
  },
};

scenarios[process.argv[2]]();
