import type { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { objectWith, type Rule } from '../options/index.js';

// By their methods, as there may be more than one copy of grpc-js in a process.

/** What the credentials of a listening side may be. */
export const SERVER_CREDENTIALS_RULE: Rule<ServerCredentials> = objectWith(
  'ServerCredentials of grpc-js, such as those of watchServerCredentials()',
  ['_isSecure', '_getSecureContextOptions'],
);

/** What the credentials of a dialing side may be. */
export const CHANNEL_CREDENTIALS_RULE: Rule<ChannelCredentials> = objectWith(
  'ChannelCredentials of grpc-js, such as those of watchChannelCredentials()',
  ['_isSecure', '_createSecureConnector'],
);
