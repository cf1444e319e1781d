import { writeHeapSnapshot } from 'node:v8';
import type { Answer, Order, OrderName, Orders, Role } from '../protocol.js';
import { Random } from '../random.js';
import { DialingEnd } from './dialing-end.js';
import type { End } from './end.js';
import { ListeningEnd } from './listening-end.js';
import { takeSample } from './take-sample.js';

const end: End = (process.argv[2] as Role) === 'listen' ? new ListeningEnd() : new DialingEnd();

const actions: {
  [Name in OrderName]: (order: Orders[Name][0]) => Promise<Orders[Name][1]>;
} = {
  listen: async () => ({ address: await end.listen() }),
  connections: async ({ address, count, seed }) => {
    await end.connections(address, count, new Random(seed));
    return {};
  },
  churn: async ({ address, seed, ...load }) => ({
    connections: await end.churn(address, load, new Random(seed)),
  }),
  connect: async ({ address }) => {
    await end.connect(address);
    return {};
  },
  calls: async ({ seed, ...load }) => {
    await end.calls(load, new Random(seed));
    return {};
  },
  disconnect: () => {
    end.disconnect();
    return Promise.resolve({});
  },
  sample: (order) => takeSample(end, order),
  snapshot: ({ file }) => {
    writeHeapSnapshot(file);
    return Promise.resolve({});
  },
};

// Stubs keep the stack of every call that fails; mapped to sources it costs more than all the rest.
process.setSourceMapsEnabled(false);

// "Possible memory leak" is one of them.
process.on('warning', ({ name, message }) => {
  if (name !== 'ExperimentalWarning') end.book.fault(`${name}: ${message}`);
});

process.on('message', (order: Order) => {
  const action = actions[order.do] as (order: Order) => Promise<Answer>;
  // What goes wrong ends the process, and says why on stderr.
  void action(order).then((answer) => process.send!(answer));
});
// Whoever gave the orders has gone.
process.on('disconnect', () => process.exit());
process.send!({ ready: true });
