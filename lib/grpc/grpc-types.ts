import type {
  ChannelInterface,
  experimental,
  Metadata,
  ServerInterceptingCallInterface,
  status,
} from '@grpc/grpc-js';

/** A client call, as a channel of grpc-js creates it. */
export type Call = ReturnType<ChannelInterface['createCall']>;
/** Listener of a client call. */
export type CallListener = Parameters<Call['start']>[1];
/** Options of a message to be sent. */
export type MessageContext = Parameters<Call['sendMessageWithContext']>[0];
/** A server call that may be the parent of a client call. */
export type ParentCall = NonNullable<Parameters<ChannelInterface['createCall']>[3]>;
/** Secures connections, as credentials of grpc-js define it. */
export type SecureConnector = experimental.SecureConnector;

/** Status of a client call. */
export interface CallStatus {
  code: status;
  details: string;
  metadata: Metadata;
}

/** Status of a call that may not begin. */
export type CallProblem = Pick<CallStatus, 'code' | 'details'>;

/** A server call, as interceptors see it and as they return it. */
export type ServerCallInterface = ServerInterceptingCallInterface;
/** Listener of a server call. */
export type ServerCallListener = Parameters<ServerCallInterface['start']>[0];
/** Status that a server sends. */
export type ServerStatus = Parameters<ServerCallInterface['sendStatus']>[0];
