import type {
  ChannelInterface,
  experimental,
  Metadata,
  ServerInterceptingCallInterface,
  status,
} from '@grpc/grpc-js';

/** A call as a channel of grpc-js makes them. */
export type Call = ReturnType<ChannelInterface['createCall']>;
/** What such a call tells. */
export type CallListener = Parameters<Call['start']>[1];
/** What comes with a message to be sent. */
export type MessageContext = Parameters<Call['sendMessageWithContext']>[0];
/** A server call that a call may have as its parent. */
export type ParentCall = NonNullable<Parameters<ChannelInterface['createCall']>[3]>;
/** What grpc-js' credentials make connections secure with. */
export type SecureConnector = experimental.SecureConnector;

/** How a call ended. */
export interface CallStatus {
  code: status;
  details: string;
  metadata: Metadata;
}

/** A call of a server, below the interceptors and above. */
export type ServerCallInterface = ServerInterceptingCallInterface;
/** What such a call tells. */
export type ServerCallListener = Parameters<ServerCallInterface['start']>[0];
/** What a server says at the end of a call. */
export type ServerStatus = Parameters<ServerCallInterface['sendStatus']>[0];
