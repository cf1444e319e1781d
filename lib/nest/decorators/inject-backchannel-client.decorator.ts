import { Inject } from '@nestjs/common';
import { getBackchannelClientToken } from '../tokens.js';

/** Injects the `BackchannelClient` that was registered under `name`; a `ClientGrpc`. */
export const InjectBackchannelClient = (name: string): PropertyDecorator & ParameterDecorator =>
  Inject(getBackchannelClientToken(name));
