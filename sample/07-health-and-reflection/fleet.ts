import { fileURLToPath } from 'node:url';

export const fleetProto = {
  package: 'fleet',
  protoPath: fileURLToPath(new URL('fleet.proto', import.meta.url)),
};
