import { createRequire } from 'node:module';
import {
  loadPackageDefinition,
  type Client,
  type ClientDuplexStream,
  type GrpcObject,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import {
  loadFileDescriptorSetFromBuffer,
  loadSync,
  type PackageDefinition,
} from '@grpc/proto-loader';

/** What reflection answers, as far as it is asked here. */
interface Reflected {
  listServicesResponse?: { service: { name: string }[] };
  fileDescriptorResponse?: { fileDescriptorProto: Buffer[] };
  errorResponse?: { errorMessage: string };
}

interface ReflectionClient extends Client {
  ServerReflectionInfo(): ClientDuplexStream<object, Reflected>;
}

type UnaryMethod = (
  request: object,
  callback: (error: Error | null, reply?: object) => void,
) => void;

const reflection = loadSync(
  createRequire(import.meta.url).resolve(
    '@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
  ),
);

/**
 * Lists and calls the services of somebody of whom nothing is known but that they serve reflection, as
 * grpcurl does.
 */
export class Explorer {
  readonly #connect: (Stub: ServiceClientConstructor) => Client;

  /** @param connect - makes a client of a class of stubs. */
  constructor(connect: (Stub: ServiceClientConstructor) => Client) {
    this.#connect = connect;
  }

  /** The names of all services. */
  async list(): Promise<string[]> {
    const { listServicesResponse } = await this.#ask({ listServices: '*' });
    return listServicesResponse!.service.map(({ name }) => name).sort();
  }

  /**
   * Makes a unary call.
   *
   * @param path - such as `package.Service/Method`.
   */
  async call(path: string, request: object): Promise<object> {
    const [service, method] = path.split('/') as [string, string];
    const { fileDescriptorResponse } = await this.#ask({ fileContainingSymbol: service });
    const files = descriptorSet(fileDescriptorResponse!.fileDescriptorProto);
    return this.#use(
      loadFileDescriptorSetFromBuffer(files, { enums: String }),
      service,
      (client) => {
        const call = (client as unknown as Record<string, UnaryMethod>)[method]!.bind(client);
        return new Promise((resolve, reject) => {
          call(request, (error, reply) => (error ? reject(error) : resolve(reply!)));
        });
      },
    );
  }

  async #ask(question: object): Promise<Reflected> {
    const reply = await this.#use(
      reflection,
      'grpc.reflection.v1.ServerReflection',
      (client) =>
        new Promise<Reflected>((resolve, reject) => {
          const call = (client as ReflectionClient).ServerReflectionInfo();
          call.on('data', resolve).on('error', reject);
          call.end(question);
        }),
    );
    if (reply.errorResponse) throw new Error(reply.errorResponse.errorMessage);
    return reply;
  }

  /** Gives `action` a client of a service. */
  async #use<T>(
    definition: PackageDefinition,
    service: string,
    action: (client: Client) => Promise<T>,
  ): Promise<T> {
    const found = service
      .split('.')
      .reduce((at, name) => at[name] as GrpcObject, loadPackageDefinition(definition));
    return action(this.#connect(found as unknown as ServiceClientConstructor));
  }
}

/** The message `google.protobuf.FileDescriptorSet` of files that reflection has sent. */
function descriptorSet(files: Buffer[]): Buffer {
  return Buffer.concat(
    files.flatMap((file) => [Buffer.from([0x0a, ...varint(file.length)]), file]),
  );
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
