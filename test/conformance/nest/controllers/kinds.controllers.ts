import { Metadata } from '@grpc/grpc-js';
import { Controller, Inject, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { GrpcMethod, GrpcService } from '@nestjs/microservices';
import { journalOfCall } from '../harness/journals.js';
import type { Text } from '../harness/protos.js';
import { sixKinds } from '../harness/six-kinds.js';

@GrpcService()
export class KindsController extends sixKinds('Kinds', (text) => `${text}!`) {}

/** Named as its service, as is its method: the decorator need not say it. */
@Controller()
export class Deep {
  @GrpcMethod()
  unary({ text }: Text): Text {
    return { text: `deep ${text}` };
  }
}

/** One for each call; knows the request that it was made for. */
@Controller({ scope: Scope.REQUEST })
export class ScopedController extends sixKinds('Scoped', (text) => `${text}!`) {
  constructor(@Inject(REQUEST) { data, context }: { data: unknown; context?: unknown }) {
    super();
    // Handlers of `@GrpcStreamCall` get the call for data, and for a context the callback if any.
    const { metadata } =
      context instanceof Metadata ? { metadata: context } : (data as { metadata: Metadata });
    const isText = typeof (data as Text).text === 'string';
    journalOfCall(metadata).note('made', isText ? data : 'a stream');
  }
}
