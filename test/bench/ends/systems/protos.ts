import { resolve } from 'node:path';
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync, type Options } from '@grpc/proto-loader';

/** The bench runs in the folder of the package, its code elsewhere. */
export const PAYLOAD_PROTO = resolve('test/fixtures/interop.proto');
const TUNNEL_PROTO = resolve('test/bench/ends/systems/tunnel.proto');

export const LOADER: Options = { longs: Number, defaults: true };

function load(file: string, service: string): ServiceClientConstructor {
  return loadPackageDefinition(loadSync(file, LOADER))[service] as ServiceClientConstructor;
}

/** Served by whoever is called. */
export const Payload = load(PAYLOAD_PROTO, 'Payload');
/** What is done today instead of a backchannel. */
export const loadTunnel = (): ServiceClientConstructor => load(TUNNEL_PROTO, 'Tunnel');
