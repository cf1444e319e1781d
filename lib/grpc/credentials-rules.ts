import type { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { objectWith, type Rule } from '../options/index.js';

// Credentials are recognized by their methods, as a process may load more than one copy of grpc-js.

/** Rule of options that take the credentials of a listening side. */
export const SERVER_CREDENTIALS_RULE: Rule<ServerCredentials> = objectWith(
  'ServerCredentials of grpc-js, such as those of watchServerCredentials()',
  ['_isSecure', '_getSecureContextOptions'],
);

/** Rule of options that take the credentials of a dialing side. */
export const CHANNEL_CREDENTIALS_RULE: Rule<ChannelCredentials> = objectWith(
  'ChannelCredentials of grpc-js, such as those of watchChannelCredentials()',
  ['_isSecure', '_createSecureConnector'],
);
