import { stockClient, type Deviation } from './deviation.js';

const ESCAPED = { answers: [], end: 'nothing', escaped: ['uncaughtException: KEY'] };

/** Of Nest's own client, which plain clients are on our port, too. */
export const deviationsOfStockClients: readonly Deviation[] = [
  {
    title: 'Requests that fail end the process of their caller, and leave the call open',
    of: stockClient,
    isAbsence: true,
    observed: {
      'requests that fail before anything is sent: ClientStream': ESCAPED,
      'requests that fail before anything is sent: Bidi': ESCAPED,
      'requests that fail later: ClientStream': { ...ESCAPED, unsubscribed: true },
    },
  },
  {
    title: 'channelOptions are written to',
    of: stockClient,
    observed: {
      'the channelOptions of the application that calls are not written to': {
        'grpc.max_receive_message_length': 150_000,
        'grpc.max_send_message_length': 120_000,
      },
    },
  },
];
