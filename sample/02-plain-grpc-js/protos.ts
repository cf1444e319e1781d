import { fileURLToPath } from 'node:url';
import {
  loadPackageDefinition,
  type GrpcObject,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const definition = loadSync(fileURLToPath(new URL('mutator.proto', import.meta.url)));
const loaded: GrpcObject = loadPackageDefinition(definition);

export const Gitaly = loaded['Gitaly'] as ServiceClientConstructor;
export const Praefect = loaded['Praefect'] as ServiceClientConstructor;
