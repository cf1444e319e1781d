import { readFileSync } from 'node:fs';
import {
  credentials,
  ServerCredentials,
  type ChannelCredentials,
  type ServerCredentials as ServerCredentialsType,
} from '@grpc/grpc-js';

const pem = (name: string): Buffer => readFileSync(new URL(`certs/${name}.pem`, import.meta.url));

/** The hub shows its certificate, and asks everybody for one of the same authority. */
export function hubCredentials(): ServerCredentialsType {
  const pair = { cert_chain: pem('hub'), private_key: pem('hub-key') };
  return ServerCredentials.createSsl(pem('ca'), [pair], true);
}

/** A box checks the hub's certificate, and shows its own, if it has one. */
export function boxCredentials(name?: string): ChannelCredentials {
  if (name === undefined) return credentials.createSsl(pem('ca'));
  return credentials.createSsl(pem('ca'), pem(`${name}-key`), pem(name));
}
