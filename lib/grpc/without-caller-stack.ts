import type { ClientOptions } from '@grpc/grpc-js';

/** Option `callInvocationTransformer` of a grpc-js client: runs for each call before the call is made. */
export type CallTransformer = NonNullable<ClientOptions['callInvocationTransformer']>;

/** Properties of a call that a transformer may change. */
export type CallProperties = Parameters<CallTransformer>[0];

type Call = CallProperties['call'];
type Metadata = CallProperties['metadata'];

const CALL = Symbol('call');
const METADATA = Symbol('metadata');

/** Properties of the last call begun, until the stub reads its metadata. */
let pending: CallProperties | undefined;
/** `Error.stackTraceLimit` of the application, while no stack is taken. */
let suspendedLimit: number | undefined;
/** Whether the installed grpc-js makes calls in another way, so that every call takes its stack. */
let isUnknownVersion = false;

/**
 * Returns properties with which a grpc-js stub takes no stack trace for its call. All four `make…Request`
 * methods execute three steps in a row, none of which runs code of users:
 *
 *     emitter.call = call;               // the setter below sets `Error.stackTraceLimit` to 0
 *     callerStackError = new Error();
 *     call.start(properties.metadata, …  // the getter below restores `Error.stackTraceLimit`
 *
 * The limit stays as it is if the metadata is read before `call` is set: then the stub, or a transformer
 * that copies the properties, works in another way. If a stub does not read the metadata after it has set
 * `call`, the next call restores the limit, and all later calls take their stacks.
 */
export function withoutCallerStack(properties: CallProperties): CallProperties {
  if (suspendedLimit !== undefined) {
    isUnknownVersion = true;
    resumeStacks();
  }
  if (isUnknownVersion) return properties;
  const { argument, call, channel, methodDefinition, callOptions, callback, metadata } = properties;
  // Accessors shared by all calls, defined in the same order, so that all have one hidden class.
  Object.defineProperty(call, 'call', CALL_ACCESSOR);
  pending = Object.defineProperty(
    { argument, call, channel, methodDefinition, callOptions, callback, [METADATA]: metadata },
    'metadata',
    METADATA_ACCESSOR,
  ) as unknown as CallProperties;
  return pending;
}

const CALL_ACCESSOR: PropertyDescriptor & ThisType<Call & { [CALL]: Call['call'] }> = {
  configurable: true,
  enumerable: true,
  get() {
    return this[CALL];
  },
  set(call: Call['call']) {
    this[CALL] = call;
    if (pending?.call === this) suspendStacks();
  },
};

const METADATA_ACCESSOR: PropertyDescriptor & ThisType<CallProperties & { [METADATA]: Metadata }> =
  {
    configurable: true,
    enumerable: true,
    get() {
      if (pending === this) pending = undefined;
      resumeStacks();
      return this[METADATA];
    },
    set(metadata: Metadata) {
      this[METADATA] = metadata;
    },
  };

/** Does nothing where `Error` is frozen. */
function suspendStacks(): void {
  suspendedLimit ??= Error.stackTraceLimit;
  if (suspendedLimit !== undefined) Reflect.set(Error, 'stackTraceLimit', 0);
}

function resumeStacks(): void {
  if (suspendedLimit === undefined) return;
  Reflect.set(Error, 'stackTraceLimit', suspendedLimit);
  suspendedLimit = undefined;
}
