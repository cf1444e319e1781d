import { describe, expect, it, vi } from 'vitest';
import { prepareGoPeers } from '../fixtures/interop/go-toolchain.js';
import { grounds } from '../fixtures/interop/official/grounds.js';
import { useOfficial } from '../fixtures/interop/official/use-official.js';

/** Of grpc-go's client all that need no credentials; the last three are ours, as it has none such. */
const cases = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'custom_metadata',
  'status_code_and_message',
  'special_status_message',
  'unimplemented_method',
  'unimplemented_service',
  'cancel_after_begin',
  'cancel_after_first_response',
  'timeout_on_sleeping_server',
  'pick_first_unary',
  'rpc_soak',
  'channel_soak',
  'client_compressed_unary',
  'client_compressed_streaming',
  'concurrent_large_unary',
];

vi.setConfig({ testTimeout: 20_000 });

const missing = await prepareGoPeers();

describe.skipIf(missing !== undefined).each(grounds)(
  "the official gRPC interop cases, grpc-go's client, engine %s",
  (_name, ground) => {
    const official = useOfficial(ground);

    describe('plain port', () => {
      it.each(cases)('%s', async (title) => {
        expect(await official.goCalls(title, ['--plain'])).toEqual({ passed: title });
      });
    });

    describe('multiplexed', () => {
      it.each(cases)('%s', async (title) => {
        expect(await official.goCalls(title)).toEqual({ passed: title });
      });
    });

    describe('through the backchannel', () => {
      // A listening side makes no connections of its own.
      it.each(cases.filter((title) => title !== 'channel_soak'))('%s', async (title) => {
        expect(await official.goCallsBack(title)).toEqual({ passed: title });
      });
    });
  },
);
